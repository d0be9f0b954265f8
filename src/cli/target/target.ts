import { didYouMean } from '../../quantization/nearest-name.ts'
import { CommandError, ExitCode } from '../exit-code.ts'

/** What a file is for, beyond its format. */
export type Target = (typeof TARGETS)[number]

/** Libraries that files are written for. */
export const TARGETS = ['transformers.js', 'onnxruntime-web'] as const

/** Names that people use for them. */
const ALIASES: Readonly<Record<string, Target>> = {
  transformersjs: 'transformers.js',
  'transformers-js': 'transformers.js',
  '@huggingface/transformers': 'transformers.js',
  'ort-web': 'onnxruntime-web',
  web: 'onnxruntime-web',
}

/** The target of a name. @throws CommandError for another one */
export function readTarget(name: string): Target {
  const wanted = name.toLowerCase()
  const found = TARGETS.find((target) => target === wanted) ?? new Map(Object.entries(ALIASES)).get(wanted)
  if (found !== undefined) return found
  const near = didYouMean(wanted, [...TARGETS, ...Object.keys(ALIASES)])
  throw new CommandError(
    `Cannot write for "${name}": expected one of ${TARGETS.join(', ')}, got "${name}"${near === undefined ? '' : `\nHint: ${near}`}`,
    ExitCode.usage,
  )
}
