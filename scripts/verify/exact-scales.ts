/**
 * Scales that are powers of two. Sums and averages of values that are quantized with them are exact in float32, whatever the order, so that a value in the middle
 * of two steps, as averages often are, is there in every runtime, and every runtime rounds it to the even one.
 */
import { type AnyModule, FakeQuantize, fromHost, fromTypedArray, toFloat32 } from 'lowbit'

/** Makes the scales of a prepared model's activations powers of two: the next larger ones, so that nothing more is clipped. */
export async function useExactScales(prepared: AnyModule): Promise<void> {
  const seen = new Set<FakeQuantize>()
  for (const [, module] of prepared.namedModules()) {
    if (!(module instanceof FakeQuantize) || module.target === 'weight' || seen.has(module)) continue
    seen.add(module)
    const { scale } = module.qparams()
    const powers = toFloat32(await scale.array()).map((value) => 2 ** Math.ceil(Math.log2(value)))
    scale.assign(fromHost(fromTypedArray(powers, scale.shape.map(Number))))
  }
}
