/** What the configs are called, the gentlest first. */
export const CONFIGS = ['w8a8', 'fp8', 'w4a8', 'fp4', 'w2'] as const

/** A way to quantize a model. */
export type ConfigName = (typeof CONFIGS)[number]

/** How models are quantized. */
export const MODES = ['graph', 'eager'] as const

/** A mode of the quantizer. */
export type Mode = (typeof MODES)[number]

/** Seeds of the repetitions: initial weights, order of the data. */
export const SEEDS = [1, 2, 3] as const
