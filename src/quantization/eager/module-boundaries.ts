import type { TensorSpecs } from '../config/tensor-specs.ts'
import type { Logger } from '../logger.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'
import type { SettingsTable } from './module-settings.ts'

/** Whether tensors enter a module or leave it. */
export type Side = 'input' | 'output'

interface Boundary {
  readonly path: string
  readonly side: Side
  /** Calls around the module's call. */
  readonly depth: number
  /** Numbers of the tensors by their places. */
  readonly tensors: readonly (number | undefined)[]
}

/** Which tensors went into modules and came out of them, and which specs they have for that. */
export class ModuleBoundaries {
  readonly #settings: SettingsTable
  readonly #logger: Logger
  readonly #boundaries: Boundary[] = []

  constructor(settings: SettingsTable, logger: Logger) {
    this.#settings = settings
    this.#logger = logger
  }

  /** Tensors cross the boundary of a module. */
  cross(boundary: Boundary): void {
    if (this.#specs(boundary).size > 0) this.#boundaries.push(boundary)
  }

  /** The spec of the innermost module that has one for a tensor on that side; undefined where none has. */
  specFor(tensor: number, side: Side): QuantizationSpec | null | undefined {
    const crossed = this.#boundaries.filter((each) => each.side === side && each.tensors.includes(tensor))
    for (const boundary of crossed.sort((a, b) => b.depth - a.depth)) {
      const spec = this.#specAt(boundary, tensor)
      if (spec !== undefined) return spec
    }
    return undefined
  }

  #specAt(boundary: Boundary, tensor: number): QuantizationSpec | null | undefined {
    const specs = this.#specs(boundary)
    const places = new Set(boundary.tensors.flatMap((number, i) => (number === tensor ? [i] : [])))
    const named = [...specs].filter(([key]) => typeof key === 'number' && places.has(key))
    if (named.length > 1) {
      this.#logger.warn(
        `The ${boundary.side}s ${named.map(([key]) => key).join(' and ')} of module "${boundary.path}" are one tensor: the spec that was declared last is used`,
      )
    }
    const last = named.at(-1)
    return last === undefined ? specs.get('*') : last[1]
  }

  #specs({ path, side }: Boundary): TensorSpecs {
    const config = this.#settings.at(path)?.config
    const specs = side === 'input' ? config?.moduleInputSpec : config?.moduleOutputSpec
    return specs ?? new Map()
  }
}
