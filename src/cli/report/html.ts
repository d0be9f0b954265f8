import type { DTypeSize } from '../describe-model.ts'
import type { PlannedOp, SkippedOp } from '../describe-plan.ts'
import type { LayerAgreement } from '../measure-layers.ts'
import { formatBytes, formatDecibels } from '../text-table.ts'
import { AGREEMENT_HEADS, agreementRows } from './agreement-rows.ts'
import { agreementChart, histogramFigure, sizeBars } from './charts.ts'
import { batchCount, contentLine, sizeRatio } from './content-line.ts'
import { escapeHtml } from './escape-html.ts'
import type { AgreementReport, Report } from './report.ts'
import { STYLE } from './style.ts'

/** A report as one HTML document that needs nothing else: no network, no scripts. */
export function reportHtml(report: Report): string {
  const { model, quantized } = report
  const title = `${baseName(model.path)}, quantized`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escapeHtml(baseName(model.path))} <span class="arrow">→</span> ${escapeHtml(baseName(quantized.path))}</h1>
<p class="lead">${escapeHtml(report.config.origin)}, for ${escapeHtml(quantized.backend)}</p>
</header>
<main>
${tiles(report)}
${section('What to do next', `<ol class="advice">${report.advice.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ol>`)}
${warningsOf(report)}
${section('Size', sizes(report))}
${report.agreement === null ? '' : agreementSections(report.agreement)}
${report.histograms.length === 0 ? '' : section('Where the most is lost', `<p>Values of the float model in grey, on a square-root scale; dashed lines are the smallest and the largest value that the quantized tensor holds.</p><div class="figures">${report.histograms.map(histogramFigure).join('')}</div>`)}
${section('Which config entry won', planTable(report.plan.quantized))}
${section('What stays float, and why', skippedTable(report.plan.skipped))}
${section('Environment', environment(report))}
</main>
</body>
</html>
`
}

function section(title: string, content: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>${content}</section>`
}

function tiles({ model, quantized, plan, agreement, data }: Report): string {
  const worst = Math.min(...(agreement?.outputs ?? []).map(({ sqnrDb }) => sqnrDb))
  const tile = (value: string, label: string) =>
    `<div class="tile"><b>${escapeHtml(value)}</b><span>${escapeHtml(label)}</span></div>`
  return `<div class="tiles">
${tile(formatBytes(quantized.sizeBytes), `was ${formatBytes(model.sizeBytes)}: ${sizeRatio(model.sizeBytes, quantized.sizeBytes)}`)}
${tile(agreement === null ? 'not measured' : formatDecibels(worst), 'worst output, signal to noise against the float model')}
${tile(`${plan.quantized.length} of ${plan.quantized.length + plan.skipped.length}`, 'operations are quantized')}
${tile(data === null ? 'no data' : data.isRandom ? 'RANDOM numbers' : batchCount(data.batches), data === null ? 'weights need none' : data.isRandom ? 'no data: little is known of real inputs' : `of ${baseName(data.origin)}`)}
</div>`
}

function warningsOf({ warnings }: Report): string {
  if (warnings.length === 0) return ''
  return section(
    'Warnings',
    `<ul class="warnings">${warnings.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`,
  )
}

function sizes({ model, quantized }: Report): string {
  return `<p>${escapeHtml(contentLine(quantized))}.</p>${sizeBars([
    { label: 'float', sizes: model.sizes },
    { label: 'quantized', sizes: quantized.sizes },
  ])}${table(
    ['', 'dtype', 'tensors', 'elements', 'size'],
    [...sizeRows('float', model.sizes), ...sizeRows('quantized', quantized.sizes)],
    [2, 3, 4],
  )}`
}

function sizeRows(label: string, entries: readonly DTypeSize[]): string[][] {
  return entries.map(({ dtype, tensors, elements, bytes }, i) => [
    i === 0 ? label : '',
    dtype,
    String(tensors),
    elements.toLocaleString('en'),
    formatBytes(bytes),
  ])
}

function agreementSections(agreement: AgreementReport): string {
  const { file, layers, batches } = agreement
  const safety =
    file === null
      ? ''
      : `<p class="${file.safety.safeWith === 'both' ? 'safe' : 'unsafe'}">${escapeHtml(file.safety.text)}.</p>`
  const note = `${safety}<p>${batchCount(batches)}. The calibrated model says what the file means: a way to run the file is safe where it is nearer to that than quantization has left it to the float model. 6 dB are about one bit.</p>`
  return `${section('Agreement', `${note}${table(AGREEMENT_HEADS, agreementRows(agreement), [2, 3, 4, 5])}`)}
${section('Agreement by layer', `<p>Signal to noise of what each operation makes, with the noise of all before it.</p>${agreementChart(layers)}${details('All layers', layerTable(layers))}`)}`
}

function layerTable(layers: readonly LayerAgreement[]): string {
  return table(
    ['operation', 'type', 'module', 'signal to noise'],
    layers.map(({ name, type, module, sqnrDb }) => [name, type, module, formatDecibels(sqnrDb)]),
    [3],
  )
}

function planTable(quantized: readonly PlannedOp[]): string {
  return table(
    ['operation', 'config entry', 'weight', 'input', 'output'],
    quantized.map(({ name, weight, input, output, winner }) => [
      name,
      winner,
      weight ?? '-',
      input ?? '-',
      output ?? '-',
    ]),
  )
}

function skippedTable(skipped: readonly SkippedOp[]): string {
  if (skipped.length === 0) return '<p>Nothing.</p>'
  return table(
    ['operation', 'type', 'module', 'why'],
    skipped.map(({ name, type, module, reason }) => [name, type, module, reason]),
  )
}

function environment({ environment: facts, model, quantized, data, config }: Report): string {
  const rows = [
    ['model', model.path],
    ['written', quantized.path],
    ['config', config.origin],
    ['excluded', config.excluded.join(', ') || 'nothing'],
    ['data', data?.origin ?? 'none'],
    ...Object.entries(facts),
  ]
  const content = details(
    'The whole config',
    `<pre>${escapeHtml(JSON.stringify(config.content, null, 2))}</pre>`,
  )
  return `${table(['', ''], rows)}${content}`
}

function details(summary: string, content: string): string {
  return `<details><summary>${escapeHtml(summary)}</summary>${content}</details>`
}

/** A table that scrolls sideways where a screen is narrow. @param numeric columns of numbers */
function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly number[] = [],
): string {
  const kind = (i: number) => (numeric.includes(i) ? ' class="number"' : '')
  const head = heads.some((text) => text !== '')
    ? `<thead><tr>${heads.map((text, i) => `<th${kind(i)}>${escapeHtml(text)}</th>`).join('')}</tr></thead>`
    : ''
  const body = rows
    .map((row) => `<tr>${row.map((text, i) => `<td${kind(i)}>${escapeHtml(text)}</td>`).join('')}</tr>`)
    .join('')
  return `<div class="scroll"><table>${head}<tbody>${body}</tbody></table></div>`
}

function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path
}
