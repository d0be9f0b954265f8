import { readFileSync } from 'node:fs'

/** What scripts/goldens/make_optimizers.py writes. */
export interface Goldens {
  readonly optimizers: readonly {
    readonly optimizer: 'SGD' | 'Adam' | 'AdamW'
    readonly name: string
    readonly options: object
    readonly initial: readonly number[]
    readonly gradients: readonly (readonly number[])[]
    readonly parameters: readonly (readonly number[])[]
  }[]
  readonly schedules: readonly {
    readonly schedule: string
    readonly name: string
    readonly baseLr: number
    readonly options: never
    readonly rates: readonly number[]
  }[]
  readonly clipGradNorm: readonly {
    readonly name: string
    readonly maxNorm: number
    readonly normType: number | 'inf'
    readonly gradients: readonly (readonly number[])[]
    readonly totalNorm: number
    readonly clipped: readonly (readonly number[])[]
  }[]
}

/** Optimizers, schedules and clipped gradients as PyTorch has them. */
export const goldens: Goldens = JSON.parse(
  readFileSync(new URL('./goldens/optimizers.json', import.meta.url), 'utf8'),
)
