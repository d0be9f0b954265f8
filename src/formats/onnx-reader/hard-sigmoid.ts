import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { maskInside } from '../../ops/activation/mask-inside.ts'
import { defineOp } from '../../ops/define-op.ts'
import { mul } from '../../ops/elementwise/mul.ts'
import { floatingAt } from '../../ops/inference.ts'

/** The line that is cut off: `alpha`, above 0, is its slope. */
type HardSigmoidAttributes = { readonly alpha: number; readonly beta: number }

/** `alpha * x + beta` limited to [0, 1], for other numbers than PyTorch's: ONNX has 0.2 and 0.5 by default. Quantized like PyTorch's. */
export const hardSigmoid: Operation<HardSigmoidAttributes> = defineOp({
  name: 'onnx.hardsigmoid',
  infer: (inputs) => [floatingAt('onnx.hardsigmoid', inputs, 0)],
  gradient({ inputs: [x], gradients: [g], attrs: { alpha, beta } }) {
    if (!g || !x) return [null]
    const slope = emit(mul, [g], { other: alpha })
    return [emit(maskInside, [slope, x], { min: -beta / alpha, max: (1 - beta) / alpha })]
  },
  lower: (e, { attrs: { alpha, beta } }) => [
    e.op('HardSigmoid', [e.inputs[0] ?? ''], { alpha: { float: alpha }, beta: { float: beta } }),
  ],
  mil: (e, { attrs: { alpha, beta } }) => [
    e.op('sigmoid_hard', { x: e.input(0), alpha: { float: alpha }, beta: { float: beta } }),
  ],
  quantization: { fixedRange: () => ({ min: 0, max: 1, symmetric: false }) },
})
