import { type Dim, type Dims, formatDims, isConcrete } from '../../ir/dim.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import type { Node } from '../../ir/node.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import type { AttentionAttributes } from './plan.ts'

/** Writes attention as MIL's own operation, which has the scale 1 / sqrt(width), one key head for each query head, and masks for causes. */
export function milAttention(e: MilEmitter, { outputs: [y], attrs }: Node<AttentionAttributes>): MilValue {
  const [q, k, v] = [e.input(0), e.input(1), e.input(2)]
  const shape = y?.shape ?? []
  if (shape.length < 3)
    return milAttentionOfBatch(
      e,
      [q, k, v].map((x) => e.reshape(x, [1, ...x.shape])),
      shape,
      attrs,
    )
  return milAttentionOfBatch(e, [q, k, v], shape, attrs)
}

function milAttentionOfBatch(
  e: MilEmitter,
  [q, k, v]: readonly MilValue[],
  shape: Dims,
  { isCausal, scale, enableGqa }: AttentionAttributes,
): MilValue {
  if (q === undefined || k === undefined || v === undefined) return e.refuse('query, key and value', 'fewer')
  const width = q.shape.at(-1) ?? 1
  const factor = scale === null ? 1 : scale * Math.sqrt(Number(width))
  const query = factor === 1 ? q : e.op('mul', { x: q, y: { float: factor } }, { shape: q.shape })
  const heads = enableGqa ? (q.shape.at(-3) ?? 1) : null
  const args = { query, key: repeatedHeads(e, k, heads), value: repeatedHeads(e, v, heads) }
  const mask = isCausal ? causalMask(e, q.shape.at(-2) ?? 1, k.shape.at(-2) ?? 1) : e.inputs[3]
  const batch = q.shape.slice(0, -2)
  const same = [args.key, args.value].every(
    ({ shape }) => formatDims(shape.slice(0, -2)) === formatDims(batch),
  )
  if (!same)
    return e.refuse('query, key and value of one batch', [q, k, v].map((x) => formatDims(x.shape)).join(', '))
  const whole = [...batch, q.shape.at(-2) ?? 1, v.shape.at(-1) ?? 1]
  const result = e.op('scaled_dot_product_attention', { ...args, attn_mask: mask }, { shape: whole })
  return e.reshape(result, shape)
}

/** [..., heads, S, E] with each head as often as there are queries for it. */
function repeatedHeads(e: MilEmitter, x: MilValue, heads: Dim | null): MilValue {
  const [own = 1, rows = 1, columns = 1] = x.shape.slice(-3)
  if (heads === null || own === heads) return x
  const times = Number(heads) / Number(own)
  const batch = x.shape.slice(0, -3)
  const raised = e.reshape(x, [...batch, own, 1, rows, columns])
  const repeated = [...batch, own, times, rows, columns]
  const reps = repeated.map((_, i) => (i === repeated.length - 3 ? times : 1))
  return e.reshape(e.op('tile', { x: raised, reps }, { shape: repeated }), [...batch, heads, rows, columns])
}

/** True where a query may see a key: up to its own place. */
function causalMask(e: MilEmitter, rows: Dim, columns: Dim): MilValue {
  const shape = [rows, columns]
  if (!isConcrete(shape)) return e.refuse('known lengths for a causal mask', formatDims(shape))
  const [height = 1, width = 1] = shape
  const seen = Uint8Array.from({ length: height * width }, (_, i) =>
    Number(i % width <= Math.floor(i / width)),
  )
  return e.constant(fromTypedArray(seen, [height, width], 'bool'))
}
