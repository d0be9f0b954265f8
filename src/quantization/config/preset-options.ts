import { didYouMean } from '../nearest-name.ts'

/** Options of a preset for weights. */
export interface ModulePresetOptions {
  /** Axis of the channels or blocks; may be negative; null is the operation's own. Default: null. */
  readonly axis?: number | null
}

/** Options of a preset with blocks. */
export interface BlockOptions {
  /** Elements to a block. Default: 32. */
  readonly blockSize?: number
}

/**
 * The options, when there are no others than the known ones.
 * @throws TypeError for any other
 */
export function knownOptions<T extends object>(preset: string, options: T, known: readonly string[]): T {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const hint = didYouMean(name, known)
    throw new TypeError(
      `Cannot make "${preset}": expected options among ${known.join(', ')}, got "${name}"${hint === undefined ? '' : `\nHint: ${hint}`}`,
    )
  }
  return options
}
