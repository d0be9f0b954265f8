import { formatDims, sameDims } from '../../ir/dim.ts'
import { emit, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { divided, minus, multiplied } from '../expressions.ts'
import { floatingAt, inputAt } from '../inference.ts'
import { sumTo } from '../reduction/sum.ts'
import { applyMask } from './apply-mask.ts'
import type { FakeQuantizeAttributes } from './fake-quantize-attributes.ts'
import { lowerScaledFakeQuantize } from './lower-fake-quantize.ts'

const NAME = 'lowbit.scaled_fake_quantize'

/**
 * What a weight becomes that is quantized in the scale of a batch norm: fake_quantize(w * f) / f, for a factor and a scale for each output channel. Inputs: w * f,
 * the scale, f [C, 1, ...], and w. Outputs: the values, and where w * f was inside the quantized range (bool). The zero point is an attribute.
 * Gradients are those of w and f: f cancels out of w's, g = G inside of the range, and that of f is (sum(g w) - sum(G y)) / f.
 */
export const scaledFakeQuantize: Operation<FakeQuantizeAttributes> = defineOp({
  name: NAME,
  infer(inputs) {
    const { shape, dtype } = floatingAt(NAME, inputs, 0)
    const weight = inputAt(NAME, inputs, 3)
    if (!sameDims(weight.shape, shape))
      throw new ShapeError(
        `Cannot record "${NAME}": expected a weight ${formatDims(shape)}, got ${formatDims(weight.shape)}`,
      )
    return [
      { shape, dtype },
      { shape, dtype: 'bool' },
    ]
  },
  gradient({ inputs: [, , factor, weight], outputs: [y, mask], gradients: [g], needs }) {
    if (!factor || !weight || !y || !mask || !g) return [null]
    const passed = emit(applyMask, [g, mask], {})
    const sumOf = (product: Value) => sumTo(product, factor.shape)
    const difference = () => minus(sumOf(multiplied(passed, weight)), sumOf(multiplied(g, y)))
    return [null, null, needs(2) ? divided(difference(), factor) : null, needs(3) ? passed : null]
  },
  lower: lowerScaledFakeQuantize,
})
