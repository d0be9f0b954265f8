import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, normalizeDim } from '../inference.ts'

type CumsumAttributes = { readonly dim: number }

/** Sums of the elements up to each one along a dimension; integers and bools add up as int64. */
export const cumsum: Operation<CumsumAttributes> = running('aten.cumsum', 0, () => reversedCumsum)

/** Sums of the elements from each one on: the adjoint of cumsum. */
export const reversedCumsum: Operation<CumsumAttributes> = running('lowbit.reversed_cumsum', 1, () => cumsum)

function running(
  name: string,
  reverse: 0 | 1,
  adjoint: () => Operation<CumsumAttributes>,
): Operation<CumsumAttributes> {
  return defineOp({
    name,
    infer(inputs, { dim }) {
      const { shape, dtype } = inputAt(name, inputs, 0)
      normalizeDim(name, dim, shape.length)
      return [{ shape, dtype: isFloating(dtype) ? dtype : 'int64' }]
    },
    gradient: ({ gradients: [g], attrs }) => [g ? emit(adjoint(), [g], attrs) : null],
    lower(e, { inputs: [x], outputs: [y], attrs: { dim } }) {
      const [source = ''] = e.inputs
      const addends = x && y && x.dtype !== y.dtype ? e.cast(source, y.dtype) : source
      if (x?.shape.length === 0) return [addends]
      return [e.op('CumSum', [addends, e.scalar(dim, 'int64')], { reverse })]
    },
    mil(e, { outputs: [y], attrs: { dim } }) {
      const x = e.cast(e.input(0), y?.dtype ?? 'float32')
      if (x.shape.length === 0) return [x]
      return [
        e.op('cumsum', {
          x,
          axis: normalizeDim(name, dim, x.shape.length),
          exclusive: false,
          reverse: reverse === 1,
        }),
      ]
    },
  })
}
