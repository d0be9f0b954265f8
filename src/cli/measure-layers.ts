import { noGrad } from '../engine/recorder.ts'
import type { Tensor } from '../engine/tensor.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { Module } from '../nn/module.ts'
import { isFloating } from '../tensor/dtype.ts'

/** How far what one operation makes is from what it makes in the float model. */
export interface LayerAgreement {
  /** Name of the operation. */
  readonly name: string
  readonly type: string
  readonly module: string
  /** Signal to noise, with the noise of all layers before; infinite where all is equal. */
  readonly sqnrDb: number
}

/** How layers are compared. */
export interface LayerOptions {
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Compares what the operations of two graphs make of the same inputs, for all operations that have the same name in both: sums of squares are computed where
 * the tensors are, so that nothing but two numbers of each comes back.
 */
export async function measureLayers(
  float: GraphModule,
  quantized: GraphModule,
  batches: readonly (readonly Tensor[])[],
  { signal, onProgress }: LayerOptions,
): Promise<LayerAgreement[]> {
  const sums = new Map<string, { power: number; noise: number }>()
  for (const [i, batch] of batches.entries()) {
    signal.throwIfAborted()
    for (const [name, [power, noise]] of await compareBatch(float, quantized, batch)) {
      const sum = sums.get(name) ?? { power: 0, noise: 0 }
      sums.set(name, { power: sum.power + power, noise: sum.noise + noise })
    }
    onProgress(i + 1, batches.length)
  }
  return float.graph.nodes.flatMap(({ name, op, scope }) => {
    const sum = sums.get(name)
    if (sum === undefined) return []
    const sqnrDb = sum.noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(sum.power / sum.noise)
    return [{ name, type: op.name.replace(/^aten\./, ''), module: scope?.path ?? '', sqnrDb }]
  })
}

/** Sums of squares of what one operation makes, and of its difference. */
interface LayerSums {
  readonly name: string
  readonly power: Tensor
  readonly noise: Tensor
}

/** Records both graphs as one call, whose results are sums alone: what is recorded outside of calls is kept whole, and all tensors of two graphs are many. */
class LayerComparison extends Module<readonly Tensor[], readonly Tensor[]> {
  readonly #float: GraphModule
  readonly #quantized: GraphModule
  /** Of the newest call. */
  layers: readonly LayerSums[] = []

  constructor(float: GraphModule, quantized: GraphModule) {
    super()
    this.#float = float
    this.#quantized = quantized
    this.eval()
  }

  override forward(...batch: readonly Tensor[]): readonly Tensor[] {
    const got = this.#quantized.trace(...batch)
    this.layers = Array.from(this.#float.trace(...batch)).flatMap(([name, tensor]) => {
      const other = got.get(name)
      const isComparable =
        other !== undefined && isFloating(tensor.dtype) && String(other.shape) === String(tensor.shape)
      if (!isComparable) return []
      const difference = tensor.sub(other)
      return [{ name, power: tensor.mul(tensor).sum(), noise: difference.mul(difference).sum() }]
    })
    return this.layers.flatMap(({ power, noise }) => [power, noise])
  }
}

async function compareBatch(
  float: GraphModule,
  quantized: GraphModule,
  batch: readonly Tensor[],
): Promise<Map<string, readonly [number, number]>> {
  const comparison = new LayerComparison(float, quantized)
  noGrad(() => comparison(...batch))
  const sums = new Map<string, readonly [number, number]>()
  for (const { name, power, noise } of comparison.layers)
    sums.set(name, [await power.item(), await noise.item()])
  return sums
}
