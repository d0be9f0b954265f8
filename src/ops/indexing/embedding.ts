import type { Dim } from '../../ir/dim.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, rankedAt } from '../inference.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { positionsAt } from './index-type.ts'
import { addRows } from './scatter-add.ts'

/** `paddingIdx`: a row that gets no gradient, -1 for none. */
type EmbeddingAttributes = { readonly paddingIdx: number }

/** Rows of a table [rows, width] by number: numbers of shape [...] give [..., width]. */
export const embedding: Operation<EmbeddingAttributes> = defineOp({
  name: 'aten.embedding',
  infer(inputs) {
    const { shape, dtype } = rankedAt('aten.embedding', inputs, 0, 2)
    const indices = positionsAt('aten.embedding', inputs, 1)
    return [{ shape: [...indices.shape, shape[1] ?? 1], dtype }]
  },
  gradient({ inputs: [table, indices], gradients: [g], attrs: { paddingIdx } }) {
    if (!table || !indices || !g) return [null]
    return [emit(embeddingGradient, [g, indices], { rows: table.shape[0] ?? 1, paddingIdx }), null]
  },
  lower: (e) => [e.op('Gather', [e.inputs[0] ?? '', e.inputs[1] ?? ''], { axis: 0 })],
  mil: (e) => [
    e.op('gather', { x: e.input(0), indices: e.input(1), axis: 0, batch_dims: 0, validate_indices: false }),
  ],
  quantization: { weight: { input: 0, channelAxis: 0, blockAxis: 1 } },
})

/** Gradient of an embedding's table of `rows` rows. Inputs: the output's gradient [..., width] and the row numbers [...]. */
export const embeddingGradient: Operation<EmbeddingAttributes & { readonly rows: Dim }> = defineOp({
  name: 'lowbit.embedding_gradient',
  infer(inputs, { rows }) {
    const { shape, dtype } = inputAt('lowbit.embedding_gradient', inputs, 0)
    return [{ shape: [rows, shape.at(-1) ?? 1], dtype }]
  },
  gradient: 'none',
  lower(e, { inputs: [g, indices], outputs: [table], attrs: { paddingIdx } }) {
    const [gradient = '', positions = ''] = e.inputs
    const rowsShape = g?.shape ?? []
    const positionsShape = indices?.shape ?? []
    const addition = { rowsShape, positions, positionsShape, size: table?.shape ?? [], axis: 0 }
    if (paddingIdx < 0) return [addRows(e, { ...addition, rows: gradient })]
    const padding = e.op('Equal', [positions, e.scalar(paddingIdx, indices?.dtype ?? 'int64')])
    const kept = reshapeNode(e, e.cast(e.op('Not', [padding]), 'float32'), positionsShape, [
      ...positionsShape,
      1,
    ])
    return [addRows(e, { ...addition, rows: e.op('Mul', [gradient, kept]) })]
  },
})
