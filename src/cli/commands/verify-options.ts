import { type Command, InvalidArgumentError } from 'commander'
import { type Perform, withOutputOptions } from '../command-context.ts'
import { addDataOptions, type DataOptions } from '../data-options.ts'

/** Options of `lowbit verify`. */
export interface VerifyOptions extends DataOptions {
  /** Signal to noise in decibels that every output has to have. */
  readonly minSqnr: number
  readonly runtime: 'node' | 'wasm' | 'both'
}

const EXAMPLE = `
Examples:
  $ lowbit verify model.onnx model.w8a8.onnx --data inputs.npz
  $ lowbit verify model.onnx model.w8a8.onnx --data inputs.npz --min-sqnr 30 --json`

/** Adds `lowbit verify`. */
export function addVerifyCommand(program: Command, perform: Perform): void {
  const command = program
    .command('verify')
    .summary('how far a quantized file is from the original, on the runtimes that will run it')
    .description(
      'Runs a quantized file beside the original, in Node and as pages do (WebAssembly), with fused operations and without.',
    )
    .argument('<float>', 'the original: .onnx or .pt2')
    .argument('<quantized>', 'the quantized file: .onnx or .pt2')
    .option(
      '--min-sqnr <dB>',
      'signal to noise that every output has to have, else the exit code is 1',
      decibels,
      20,
    )
    .option('--runtime <name>', 'node, wasm or both', runtime, 'both')
    .addHelpText('after', EXAMPLE)
  addDataOptions(command, '-d, --data <path>', 'inputs to compare with; may be given several times')
  withOutputOptions(command).action((float: string, quantized: string, options: VerifyOptions) =>
    perform(command, async (context) => {
      const { verify } = await import('./verify.ts')
      return verify(float, quantized, options, context)
    }),
  )
}

function decibels(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('expected a number')
}

function runtime(text: string): VerifyOptions['runtime'] {
  if (text === 'node' || text === 'wasm' || text === 'both') return text
  throw new InvalidArgumentError('expected node, wasm or both')
}
