import type { Value } from '../../../ir/node.ts'
import { add } from '../../../ops/elementwise/add.ts'
import { mul } from '../../../ops/elementwise/mul.ts'
import { einsum } from '../../../ops/matrix/einsum.ts'
import { linear } from '../../../ops/matrix/linear.ts'
import { matmul } from '../../../ops/matrix/matmul.ts'
import { t } from '../../../ops/shape/permute.ts'
import type { Importer, NodeCall } from '../node-call.ts'
import type { Operand } from '../operand.ts'

/** A product with a matrix of the file is a linear layer without a bias. */
const product: Importer = (call) => {
  const [a, b] = [call.input(0), call.input(1)]
  const weight = a.shape.length >= 1 ? call.linearWeight(b, false) : undefined
  if (weight !== undefined && a.dtype === weight.dtype)
    return call.emit(linear, [call.valueOf(a), weight], {})
  return call.emit(matmul, [call.valueOf(a), call.valueOf(b)], {})
}

const gemm: Importer = (call) => {
  const [alpha, beta] = [call.float('alpha', 1), call.float('beta', 1)]
  const isTransposed = call.int('transB', 0) === 1
  const first = call.value(0)
  const a = call.int('transA', 0) === 1 ? call.emit(t, [first], {}) : first
  const weight = call.linearWeight(call.input(1), isTransposed)
  const bias = call.optional(2)
  const isPlain = alpha === 1 && (bias === undefined || (beta === 1 && bias.shape.length === 1))
  if (weight !== undefined && isPlain && (bias === undefined || bias.shape[0] === weight.shape[0]))
    return call.emit(linear, [a, weight, call.optionalState(2, 'bias')], {})
  const b = isTransposed ? turned(call, call.input(1)) : call.value(1)
  return withBias(call, scaled(call, call.emit(matmul, [a, b], {}), alpha), beta)
}

/** A matrix with its dimensions exchanged; one of the file is stored so. */
function turned(call: NodeCall, operand: Operand): Value {
  if (operand.stored !== undefined) return call.valueOf(call.importer.transposed(operand))
  return call.emit(t, [call.valueOf(operand)], {})
}

function withBias(call: NodeCall, y: Value, beta: number): Value {
  const bias = call.optionalState(2, 'bias')
  return bias === null ? y : call.emit(add, [y, scaled(call, bias, beta)], { alpha: 1 })
}

function scaled(call: NodeCall, x: Value, factor: number): Value {
  return factor === 1 ? x : call.emit(mul, [x], { other: factor })
}

const sumOfProducts: Importer = (call) => {
  const operands = Array.from({ length: call.inputCount }, (_, i) => call.value(i))
  return call.emit(einsum, operands, { equation: call.text('equation', '') })
}

/** Products of matrices. */
export const matrix: Readonly<Record<string, Importer>> = {
  Einsum: sumOfProducts,
  Gemm: gemm,
  MatMul: product,
}
