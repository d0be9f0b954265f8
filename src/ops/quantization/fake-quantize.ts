import { formatDims, sameDims } from '../../ir/dim.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { applyMask } from './apply-mask.ts'
import { axisOf, blockView } from './blocks.ts'
import type { FakeQuantizeAttributes } from './fake-quantize-attributes.ts'
import { lowerFakeQuantize } from './lower-fake-quantize.ts'

const NAME = 'lowbit.fake_quantize'

/**
 * Quantizes and dequantizes. Inputs: values, scale, zero point (int32) or null, minval or null; scale and the others have one entry for each
 * block. Outputs: the values that a quantized tensor can hold, and where the input was inside the quantized range (bool).
 *
 * Integers: q = clamp(round(x / scale) + zeroPoint), y = (q - zeroPoint) * scale; with minval: q = clamp(round((x - minval) / scale) + quantMin),
 * y = (q - quantMin) * scale + minval. Floats: q = cast(clamp(x / scale)), y = q * scale. Rounding is half to even, NaN stays, -0 becomes +0
 * with a zero point. The gradient passes where the input was inside the range before clamping (straight-through estimator, Bengio et al. 2013).
 */
export const fakeQuantize: Operation<FakeQuantizeAttributes> = defineOp({
  name: NAME,
  infer(inputs, { blocks }) {
    const x = floatingAt(NAME, inputs, 0)
    const { scaleShape } = blockView(NAME, x.shape, blocks)
    for (const entry of inputs.slice(1)) {
      if (!entry || sameDims(entry.shape, scaleShape)) continue
      // One scale for the tensor fits tensors of every rank.
      if (axisOf(blocks) === -1 && entry.shape.every((size) => size === 1)) continue
      throw new ShapeError(
        `Cannot record "${NAME}": expected qparams of shape ${formatDims(scaleShape)} for ${formatDims(x.shape)}, got ${formatDims(entry.shape)}`,
      )
    }
    return [x, { shape: x.shape, dtype: 'bool' }]
  },
  gradient: ({ outputs: [, mask], gradients: [g] }) => [g && mask ? emit(applyMask, [g, mask], {}) : null],
  lower: lowerFakeQuantize,
})
