import { Node, Value } from '../../ir/node.ts'
import { to } from '../../ops/elementwise/to.ts'
import { dequantize } from '../../ops/quantization/quantize.ts'
import { t } from '../../ops/shape/permute.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { transposeMatrix } from '../../tensor/transpose-matrix.ts'
import { dequantizerOf, isWeight } from './quantized-values.ts'

/** A parameter or buffer that is made for the file. */
export interface MadeState {
  readonly value: Value
  readonly content: HostArray
}

/**
 * A matrix [out, in] as the file has it, [in, out]: a quantized parameter is stored so, with its scales, and dequantized so; another value is transposed.
 * @param contentOf elements of a parameter or buffer
 */
export async function inFileLayout(
  value: Value,
  contentOf: (state: Value) => Promise<HostArray>,
): Promise<{ readonly value: Value; readonly made: readonly MadeState[] }> {
  const dequantizer = isWeight(value) ? dequantizerOf(value) : undefined
  const scope = value.node?.scope
  if (dequantizer === undefined) return { value: resultOf(new Node(t, [value], {}, scope)), made: [] }
  const { inputs, attrs } = dequantizer
  const made: MadeState[] = []
  const turned: (Value | null)[] = []
  for (const input of inputs) {
    if (input === null || input.shape.length !== 2) {
      turned.push(input)
      continue
    }
    const content = transposeMatrix(await contentOf(input))
    const state = { value: new Value({ shape: content.shape, dtype: content.dtype }), content }
    made.push(state)
    turned.push(state.value)
  }
  const axis = typeof attrs.axis === 'number' ? 1 - attrs.axis : null
  const blockSize = typeof attrs.blockSize === 'number' ? attrs.blockSize : null
  const result = resultOf(new Node(dequantize, turned, { axis, blockSize }, scope))
  if (result.dtype === value.dtype) return { value: result, made }
  return { value: resultOf(new Node(to, [result], { dtype: value.dtype }, scope)), made }
}

function resultOf(node: Pick<Node, 'outputs'>): Value {
  const [value] = node.outputs
  if (value !== undefined) return value
  throw new RangeError('Cannot turn a matrix: expected a result, got none (a bug in lowbit)')
}
