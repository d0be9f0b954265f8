import { eliminateDeadCode } from '../../ir/dead-code.ts'
import { Node, Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { substitute } from '../../ir/substitute.ts'
import { defineOp } from '../../ops/define-op.ts'
import { inputAt } from '../../ops/inference.ts'
import { dtypeInfo } from '../../tensor/dtype.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { packSubByte } from '../../tensor/sub-byte.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'

/** `depth` and `out` are the sizes of the weight [out, depth], whose rows lie in blocks of `blockSize` values of `bits`. */
type MatMulNBitsAttributes = {
  readonly depth: number
  readonly out: number
  readonly bits: number
  readonly blockSize: number
}

/** ONNX Runtime's product with a quantized weight. Inputs: x, packed weight, scales, packed zero points or null, bias or null. */
const matMulNBits: Operation<MatMulNBitsAttributes> = defineOp({
  name: 'lowbit.matmul_nbits',
  infer(inputs, { out }) {
    const { shape, dtype } = inputAt('lowbit.matmul_nbits', inputs, 0)
    return [{ shape: [...shape.slice(0, -1), out], dtype }]
  },
  gradient: 'none',
  lower(e, { attrs: { depth, out, bits, blockSize } }) {
    const [x = '', weight = '', scales = '', zeroPoints = '', bias = ''] = e.inputs
    const inputs = [x, weight, scales, ...(zeroPoints === '' ? [] : [zeroPoints])]
    const product = e.op(
      'MatMulNBits',
      inputs,
      { K: depth, N: out, bits, block_size: blockSize },
      'com.microsoft',
    )
    return [bias === '' ? product : e.op('Add', [product, bias])]
  },
})

/** A constant that is made for the file. */
export interface MadeConstant {
  readonly value: Value
  readonly name: string
  readonly content: HostArray
}

/** A program in which products with weights in blocks are single operations. */
export interface FusedProducts {
  readonly nodes: readonly Node[]
  readonly outputs: readonly Value[]
  readonly constants: readonly MadeConstant[]
}

/**
 * Writes `linear` of a weight that is quantized in blocks of a power of two as ONNX Runtime's MatMulNBits.
 * @param contentOf elements of a state; undefined for another value
 */
export async function fuseProducts(
  nodes: readonly Node[],
  outputs: readonly Value[],
  contentOf: (value: Value) => Promise<{ readonly name: string; readonly content: HostArray } | undefined>,
): Promise<FusedProducts> {
  const constants: MadeConstant[] = []
  const replaced = new Map<Value, Value>()
  const fused: Node[] = []
  for (const node of nodes) {
    const made = await fusedNode(node, constants, contentOf)
    const [from, to] = [node.outputs[0], made?.outputs[0]]
    if (from && to) replaced.set(from, to)
    fused.push(made ?? node)
  }
  const result = substitute(fused, outputs, replaced)
  return { nodes: eliminateDeadCode(result.nodes, result.outputs), outputs: result.outputs, constants }
}

async function fusedNode(
  node: Node,
  constants: MadeConstant[],
  contentOf: Parameters<typeof fuseProducts>[2],
): Promise<Node | undefined> {
  const [x, weight, bias = null] = node.inputs
  const source = weight?.node
  if (node.op.name !== 'aten.linear' || !x || source?.op.name !== 'lowbit.dequantize') return undefined
  const [q, scale, zeroPoint, minval] = source.inputs
  const { axis, blockSize } = source.attrs
  const isFit =
    axis === 1 && typeof blockSize === 'number' && blockSize >= 16 && Number.isInteger(Math.log2(blockSize))
  if (!q || !scale || minval || !isFit || dtypeInfo(q.dtype).kind === 'float') return undefined
  const [data, zeros] = [await contentOf(q), zeroPoint ? await contentOf(zeroPoint) : undefined]
  if (data === undefined) return undefined
  const [out = 0, depth = 0] = data.content.shape
  const { bits } = dtypeInfo(q.dtype)
  const add = (suffix: string, content: HostArray): Value => {
    const value = new Value({ shape: content.shape, dtype: content.dtype })
    constants.push({ value, name: `${data.name}.${suffix}`, content })
    return value
  }
  const packed = add(
    'nbits',
    packedRows(codesOf(data.content), [out, depth / blockSize, (blockSize * bits) / 8], bits, depth),
  )
  const codes = zeros && codesOf(zeros.content)
  // Half of the range is what the operation takes for granted.
  const isImplicit = codes === undefined || codes.every((code) => code === 2 ** (bits - 1))
  const rowBytes = Math.ceil(((depth / blockSize) * bits) / 8)
  const points = isImplicit
    ? null
    : add('zeros', packedRows(codes, [out * rowBytes], bits, depth / blockSize))
  return new Node(matMulNBits, [x, packed, scale, points, bias], { depth, out, bits, blockSize }, node.scope)
}

/** Values counted from the lowest that the dtype holds. */
function codesOf(array: HostArray): Uint8Array {
  const { kind, bits } = dtypeInfo(array.dtype)
  const shift = kind === 'uint' ? 0 : 2 ** (bits - 1)
  const values = toTypedArray(array)
  const codes = new Uint8Array(values.length)
  for (let i = 0; i < codes.length; i++) codes[i] = Number(values[i]) + shift
  return codes
}

/** Rows of codes, each beginning with a byte of its own. */
function packedRows(codes: Uint8Array, shape: readonly number[], bits: number, rowLength: number): HostArray {
  if (bits === 8) return fromTypedArray(codes, shape)
  const rowBytes = Math.ceil((rowLength * bits) / 8)
  const packed = new Uint8Array((codes.length / rowLength) * rowBytes)
  for (let row = 0; row * rowLength < codes.length; row++) {
    const codesOfRow = codes.subarray(row * rowLength, (row + 1) * rowLength)
    packed.set(packSubByte(codesOfRow, bits === 2 ? 2 : 4), row * rowBytes)
  }
  return fromTypedArray(packed, shape)
}
