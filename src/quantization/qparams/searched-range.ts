import { cat } from '../../engine/combine-tensors.ts'
import { tensor } from '../../engine/create-tensors.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { sizeOf } from '../../tensor/shape.ts'
import type { FullSpec } from '../spec/spec-fields.ts'
import { HistogramRange } from './histogram-range.ts'
import type { TensorRange } from './range-calculator.ts'

/** The values of each block, in rows. */
export interface CountedValues {
  /** float32, [blocks, values]. */
  readonly values: Tensor
  /** How often each value occurs, float32; null is once. */
  readonly counts: Tensor | null
}

/** Factors by which bounds are changed in turn; the best ones are kept. The first factor is 1, so that nothing becomes worse. */
interface Pass {
  readonly bounds: 'both' | 'min' | 'max'
  readonly factors: readonly number[]
}

/** Elements that candidates may take at a time. */
const MAX_ELEMENTS = 2 ** 20

/**
 * A range that is looked for: candidates are the observed range shrunk by powers of 2^(1/4), then the best of them changed by smaller steps; with an
 * asymmetric scheme, its upper and its lower bound one after the other. What each candidate costs is measured with the quantizer of the spec itself.
 */
export abstract class SearchedRange extends HistogramRange {
  protected override get bins(): number {
    return 2048
  }

  /** By how many powers of two a range is shrunk at most. Default: 10. */
  protected get octaves(): number {
    return 10
  }

  /** What quantizing a sample by each of some ranges, [candidates, blocks, 1], costs: of the same shape. */
  protected abstract costs(sample: CountedValues, ranges: TensorRange): Tensor

  /** The range, [blocks, 1], with which a sample costs least, among those inside of the range of its values. */
  protected search(sample: CountedValues, whole: TensorRange): TensorRange {
    let best = whole
    for (const pass of passesFor(this.spec, this.octaves)) {
      const candidates = candidatesOf(best, whole, pass)
      const place = this.#allCosts(sample, candidates, pass.factors.length).argmin(0, { keepdim: true })
      best = {
        min: candidates.min.gather(0, place).squeeze(0),
        max: candidates.max.gather(0, place).squeeze(0),
      }
    }
    return best
  }

  #allCosts(sample: CountedValues, { min, max }: TensorRange, count: number): Tensor {
    const group = Math.max(1, Math.floor(MAX_ELEMENTS / Math.max(sizeOf(sample.values.shape), 1)))
    const costs: Tensor[] = []
    for (let start = 0; start < count; start += group) {
      const end = Math.min(start + group, count)
      costs.push(this.costs(sample, { min: min.slice(0, start, end), max: max.slice(0, start, end) }))
    }
    return cat(costs)
  }
}

function passesFor({ qscheme }: FullSpec, octaves: number): readonly Pass[] {
  const coarse: Pass = { bounds: 'both', factors: powers(-1 / 4, 0, 4 * octaves) }
  if (qscheme !== 'asymmetric') return [coarse, { bounds: 'both', factors: [1, ...powers(1 / 32, -7, 7)] }]
  const fine = [1, ...powers(1 / 8, -16, 16)]
  return [coarse, { bounds: 'max', factors: fine }, { bounds: 'min', factors: fine }]
}

/** Powers of 2^step, from one exponent to another. */
function powers(step: number, first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => 2 ** (step * (first + i)))
}

/** Ranges with bounds changed by each factor, none beyond the whole range: [candidates, blocks, 1]. */
function candidatesOf(range: TensorRange, whole: TensorRange, { bounds, factors }: Pass): TensorRange {
  const scales = tensor([...factors], { shape: [factors.length, 1, 1] })
  const kept = (bound: Tensor) => bound.unsqueeze(0).expand([factors.length, -1, -1])
  return {
    min: bounds === 'max' ? kept(range.min) : range.min.unsqueeze(0).mul(scales).maximum(whole.min),
    max: bounds === 'min' ? kept(range.max) : range.max.unsqueeze(0).mul(scales).minimum(whole.max),
  }
}
