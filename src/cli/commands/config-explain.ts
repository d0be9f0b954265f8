import { namePattern } from '../../quantization/config/name-pattern.ts'
import { describeObserver } from '../../quantization/inspection/describe-observer.ts'
import { describeWin } from '../../quantization/inspection/format-table.ts'
import type { ModelInspector } from '../../quantization/inspection/model-inspector.ts'
import type { OpReport, PlaceReport } from '../../quantization/inspection/reports.ts'
import { chooseConfig } from '../choose-config.ts'
import type { CommandContext } from '../command-context.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import { openModel } from '../open-model.ts'
import type { Output } from '../output.ts'
import { planQuantization } from '../plan-quantization.ts'
import type { ExplainOptions } from './config-options.ts'

/** Runs `lowbit config explain`. */
export async function explainConfig(
  path: string,
  options: ExplainOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { model } = await openModel(path, output)
  const { config, origin } = await chooseConfig(model, options, 'w8a8')
  const operations = select(planQuantization(model, config, output), options.layer)
  output.print(output.style('bold', origin))
  for (const operation of operations) explain(output, operation)
  output.json({ config: origin, operations: operations.map(asJson), warnings: output.warnings })
  return ExitCode.ok
}

function select({ operations }: ModelInspector, layer: string | undefined): readonly OpReport[] {
  if (layer === undefined) return operations.filter(({ winner }) => winner !== null)
  const pattern = namePattern(layer, '--layer')
  const found = operations.filter(({ name, module }) => pattern.matches(name) || pattern.matches(module))
  if (found.length > 0) return found
  throw new CommandError(
    `Cannot explain "${layer}": expected the name of an operation or module, got one that fits nothing\n` +
      'Hint: lowbit inspect --ops lists the names',
    ExitCode.usage,
  )
}

function explain(output: Output, { name, type, module, winner, inputs, output: result }: OpReport): void {
  output.print()
  output.print(`${output.style('cyan', name)}  ${type}${module === '' ? '' : ` in ${module}`}`)
  if (winner === null) {
    output.print('  no pattern covers it: it stays float')
    return
  }
  const group = winner.group.length > 1 ? `, as ${winner.pattern} of ${winner.group.join(' + ')}` : ''
  output.print(`  won by ${describeWin(winner)}${group}`)
  for (const place of [...inputs, result]) output.print(`  ${describePlace(place)}`)
}

function describePlace({ input, observer, reason }: PlaceReport): string {
  const what = input === null ? 'result' : input
  if (observer === null) return `${what}: float (${reason})`
  const shared = observer.sharedWith
  const same = shared === null ? '' : `, the range of ${shared.input ?? shared.node}`
  return `${what}: ${describeObserver(observer)}${same}`
}

function asJson({ name, type, module, winner, inputs, output }: OpReport): Record<string, unknown> {
  const place = ({ input, observer, reason }: PlaceReport) => ({
    input,
    spec: observer === null ? null : describeObserver(observer),
    reason,
  })
  return { name, type, module, winner, inputs: inputs.map(place), output: place(output) }
}
