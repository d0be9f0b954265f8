import { type Command, InvalidArgumentError } from 'commander'
import { type Perform, withOutputOptions } from '../command-context.ts'
import { positiveInteger } from '../config-options.ts'
import { addDataOptions, type DataOptions } from '../data-options.ts'

/** Options of `lowbit bench`. */
export interface BenchOptions extends DataOptions {
  readonly runtime: 'node' | 'wasm' | 'both'
  /** Runs of each model that are timed. */
  readonly runs: number
  /** Threads of a run; 0 leaves it to the runtime. */
  readonly threads?: number
}

const EXAMPLE = `
Examples:
  $ lowbit bench model.onnx model.w8a8.onnx --data inputs.npz
  $ lowbit bench model.onnx model.w8.onnx --random --sizes batch=1 --runtime node --threads 2`

/** Adds `lowbit bench`. */
export function addBenchCommand(program: Command, perform: Perform): void {
  const command = program
    .command('bench')
    .summary('latency of models side by side')
    .description(
      'Times models in turns, in one run, on the same inputs: the first is what the others are compared with.',
    )
    .argument('<models...>', '.onnx models with the same inputs')
    .option('--runtime <name>', 'node, wasm or both', runtime, 'node')
    .option('--runs <n>', 'runs of each model', positiveInteger, 30)
    .option('--threads <n>', 'threads of a run in Node', positiveInteger)
    .addHelpText('after', EXAMPLE)
  addDataOptions(command, '-d, --data <path>', 'inputs; may be given several times')
  withOutputOptions(command).action((paths: readonly string[], options: BenchOptions) =>
    perform(command, async (context) => {
      const { bench } = await import('./bench.ts')
      return bench(paths, options, context)
    }),
  )
}

function runtime(text: string): BenchOptions['runtime'] {
  if (text === 'node' || text === 'wasm' || text === 'both') return text
  throw new InvalidArgumentError('expected node, wasm or both')
}
