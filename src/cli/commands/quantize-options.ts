import type { Command } from 'commander'
import type { ChoiceOptions } from '../choose-config.ts'
import { type Perform, withOutputOptions } from '../command-context.ts'
import { addConfigOptions, positiveInteger } from '../config-options.ts'
import { addDataOptions, type DataOptions } from '../data-options.ts'

/** Options of `lowbit quantize`. */
export interface QuantizeOptions extends ChoiceOptions, Omit<DataOptions, 'data'> {
  readonly calibration?: readonly string[]
  /** Path of the file that is written. */
  readonly output?: string
  readonly backend: string
  /** Library that the file is for. */
  readonly target?: string
  readonly force?: boolean
  /** Folder for report.json and report.html. */
  readonly report?: string
  readonly opset?: number
  /** False where `--no-measure` was given. */
  readonly measure?: boolean
}

const EXAMPLE = `
Examples:
  $ lowbit quantize model.onnx --preset w8                        # weights only: no data needed
  $ lowbit quantize model.onnx --calibration inputs.npz           # w8a8, writes model.w8a8.onnx
  $ lowbit quantize model.onnx -o small.onnx -c lowbit.yaml --calibration inputs.npz --report report
  $ lowbit quantize model.onnx -p q4f16 --target transformers.js -o my-model
  $ lowbit quantize model.onnx -p w4-block --exclude 'head.*' --backend coreai`

/** Adds `lowbit quantize`. */
export function addQuantizeCommand(program: Command, perform: Perform): void {
  const command = program
    .command('quantize')
    .summary('writes a quantized model, and tells how far it is from the original')
    .description(
      'Quantizes a model, writes it, loads what was written, and tells how far it is from the original.',
    )
    .argument('<model>', 'an .onnx model, or a .pt2 program of torch.export')
    .option('-o, --output <file>', 'what is written; default <model>.<preset>.<ending>')
    .option('-f, --force', 'replace a file that is there')
    .option('-b, --backend <name>', 'onnx, coreai or coreml', 'onnx')
    .option(
      '-t, --target <library>',
      'transformers.js: -o is a folder, laid out as that library loads it; onnxruntime-web: checked to run in a page',
    )
    .option('-r, --report <folder>', 'writes report.json and report.html there')
    .option('--float16', 'writes what stays float as float16; inputs and outputs stay float32; ONNX only')
    .option('--opset <n>', "version of ONNX's operators, 18 to 25", positiveInteger)
    .option('--no-measure', 'do not compare with the original')
    .addHelpText('after', EXAMPLE)
  addConfigOptions(command)
  addDataOptions(
    command,
    '-d, --calibration <path>',
    'data that finds the ranges of activations; may be given several times',
  )
  withOutputOptions(command).action((path: string, options: QuantizeOptions) =>
    perform(command, async (context) => {
      const { quantize } = await import('./quantize.ts')
      return quantize(path, options, context)
    }),
  )
}
