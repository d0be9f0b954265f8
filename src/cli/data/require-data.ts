import { CommandError, ExitCode } from '../exit-code.ts'
import type { Output } from '../output.ts'
import type { InputSpec } from './model-inputs.ts'
import { type DataSet, openData } from './open-data.ts'

/** How a command speaks of data that it cannot do without. */
export interface NeededData {
  /** What cannot be done without it: `compare two models`. */
  readonly action: string
  /** What says little where the data is random numbers. */
  readonly doubt: string
}

/** Opens the data that a command needs, and warns of random numbers. @throws CommandError where there is none */
export async function requireData(
  inputs: readonly InputSpec[],
  request: Parameters<typeof openData>[1],
  output: Output,
  { action, doubt }: NeededData,
): Promise<DataSet> {
  const data = await openData(inputs, request, output)
  if (data === undefined)
    throw new CommandError(
      `Cannot ${action}: expected data, got none\n` +
        'Hint: --data names data, --random takes random numbers to try things out',
      ExitCode.usage,
    )
  if (data.isRandom) output.warn(`${doubt} on random numbers says little about real inputs`)
  return data
}
