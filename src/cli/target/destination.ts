import { basename, dirname, extname, join } from 'node:path'
import type { SaveOptions } from '../../formats/save.ts'
import { ExportBackend } from '../../quantization/config/execution-mode.ts'
import { didYouMean } from '../../quantization/nearest-name.ts'
import type { ChosenConfig } from '../choose-config.ts'
import type { QuantizeOptions } from '../commands/quantize-options.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import { readTarget, type Target } from './target.ts'
import { type TransformersFile, transformersFile } from './transformers-layout.ts'

/** Where a quantized model goes, and how it is written. */
export interface Destination {
  readonly path: string
  readonly backend: ExportBackend
  readonly options: SaveOptions
  readonly target: Target | undefined
  /** The layout around the file, where the target has one. */
  readonly layout: TransformersFile | undefined
}

/** Ending of what each backend's file is called. */
const ENDINGS: Readonly<Record<string, string>> = {
  [ExportBackend.ONNX]: '.onnx',
  [ExportBackend.CoreAI]: '.pt2',
  [ExportBackend.CoreML]: '.mlpackage',
}

/** Where the options say that a quantized model goes. @throws CommandError for what contradicts itself */
export function chooseDestination(
  modelPath: string,
  options: QuantizeOptions,
  chosen: ChosenConfig,
): Destination {
  const backend = readBackend(options.backend)
  const target = options.target === undefined ? undefined : readTarget(options.target)
  if (target !== undefined && backend !== ExportBackend.ONNX) throw notOnnx(`for "${target}"`, backend)
  if (chosen.isHalf && backend !== ExportBackend.ONNX) throw notOnnx('float16', backend)
  const preset = /^preset (.*)$/.exec(chosen.origin)?.[1]
  const layout =
    target === 'transformers.js' ? transformersFile(modelPath, preset, options.output) : undefined
  const path = layout?.path ?? options.output ?? defaultPath(modelPath, preset ?? 'quantized', backend)
  if (extname(path) !== ENDINGS[backend])
    throw new CommandError(
      `Cannot write "${path}": expected the ending "${ENDINGS[backend]}" for the backend "${backend}", got "${extname(path)}"`,
      ExitCode.usage,
    )
  const saveOptions: SaveOptions = {
    overwrite: options.force === true,
    float16: chosen.isHalf,
    // What pages run 4-bit products with.
    matMulNBits: target !== undefined,
    // The only name that transformers.js looks for.
    ...(layout === undefined ? {} : { dataName: `${basename(layout.path)}_data` }),
    ...(options.opset === undefined ? {} : { opset: options.opset }),
  }
  return { path, backend, target, layout, options: saveOptions }
}

function notOnnx(what: string, backend: ExportBackend): CommandError {
  return new CommandError(
    `Cannot write ${what}: expected the backend "onnx", got "${backend}"\nHint: leave out --backend, or --target, --float16 and presets with f16`,
    ExitCode.usage,
  )
}

function readBackend(name: string): ExportBackend {
  const known = Object.keys(ENDINGS)
  const found = Object.values(ExportBackend).find(
    (each) => each === name.toLowerCase() && known.includes(each),
  )
  if (found !== undefined) return found
  const near = didYouMean(name, known)
  throw new CommandError(
    `Cannot use the backend "${name}": expected one of ${known.join(', ')}, got "${name}"${near === undefined ? '' : `\nHint: ${near}`}`,
    ExitCode.usage,
  )
}

/** `model.onnx` becomes `model.w8a8.onnx` beside it. */
function defaultPath(path: string, label: string, backend: ExportBackend): string {
  return join(dirname(path), `${basename(path, extname(path))}.${label}${ENDINGS[backend]}`)
}
