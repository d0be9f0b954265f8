import { chooseConfig } from '../choose-config.ts'
import type { CommandContext } from '../command-context.ts'
import { describeModel, type ModelDescription, sizesTable } from '../describe-model.ts'
import { describePlan, type PlanDescription } from '../describe-plan.ts'
import { ExitCode } from '../exit-code.ts'
import { type OpenedModel, openModel } from '../open-model.ts'
import type { Output } from '../output.ts'
import { planQuantization } from '../plan-quantization.ts'
import { formatBytes, textTable } from '../text-table.ts'
import type { InspectOptions } from './inspect-options.ts'

/** Operations of one type that are listed together where they are many. */
const LISTED_OPS = 12

/** Runs `lowbit inspect`. */
export async function inspect(
  path: string,
  options: InspectOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const opened = await openModel(path, output)
  const description = describeModel(opened.model)
  const { config, origin } = await chooseConfig(opened.model, options, 'w8a8')
  const plan = describePlan(opened.model, planQuantization(opened.model, config, output))
  printModel(output, opened, description)
  printPlan(output, origin, plan, options.ops === true)
  output.json({
    model: { path, format: opened.format, sizeBytes: opened.sizeBytes, ...description },
    plan: { config: origin, ...plan },
    warnings: output.warnings,
  })
  return ExitCode.ok
}

function printModel(output: Output, { path, format, sizeBytes }: OpenedModel, model: ModelDescription): void {
  output.print(`${output.style('bold', path)}  ${format}, ${formatBytes(sizeBytes)}`)
  for (const { name, type } of model.inputs) output.print(`  in   ${name}  ${type}`)
  for (const { name, type } of model.outputs) output.print(`  out  ${name}  ${type}`)
  output.print()
  output.print(sizesTable(model.sizes))
  output.print()
  const listed = model.operations.slice(0, LISTED_OPS).map(({ type, count }) => `${count} ${type}`)
  const rest = model.operations.length - listed.length
  output.print(`operations: ${listed.join(', ')}${rest > 0 ? ` and ${rest} other types` : ''}`)
}

function printPlan(output: Output, origin: string, plan: PlanDescription, listsAll: boolean): void {
  const { count, bytesBefore, bytesAfter } = plan.weights
  output.print()
  output.print(
    `${output.style('bold', origin)} quantizes ${plan.quantized.length} operations and ${count} weights: ` +
      `${formatBytes(bytesBefore)} become about ${formatBytes(bytesAfter)}`,
  )
  if (count === 0 && !plan.hasActivations) output.warn(`${origin} would quantize nothing in this model`)
  if (listsAll) output.print(`\n${plannedTable(plan)}`)
  else for (const line of skippedSums(plan)) output.print(`  stays float: ${line}`)
}

function plannedTable({ quantized, skipped }: PlanDescription): string {
  const rows = [
    ...quantized.map(({ name, type, module, weight, input, output, winner }) => [
      name,
      type,
      module,
      [weight && `weight ${weight}`, input && `in ${input}`, output && `out ${output}`]
        .filter((text) => text)
        .join(', '),
      winner,
    ]),
    ...skipped.map(({ name, type, module, reason }) => [name, type, module, `float: ${reason}`, '-']),
  ]
  const titles = ['operation', 'type', 'module', 'quantized', 'config entry']
  return textTable(
    titles.map((title) => ({ title })),
    rows,
    120,
  )
}

/** `3 max_pool2d: no pattern covers this operation` */
function skippedSums({ skipped }: PlanDescription): string[] {
  const sums = new Map<string, number>()
  for (const { type, reason } of skipped) {
    const key = `${type}: ${reason}`
    sums.set(key, (sums.get(key) ?? 0) + 1)
  }
  return Array.from(sums, ([text, count]) => `${count} ${text}`).sort()
}
