import { addDims, type Dim, floorDivDims, subDims } from '../../ir/dim.ts'
import type { Operation } from '../../ir/operation.ts'
import { type DType, isFloating } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { defineOp } from '../define-op.ts'
import { sizeNode } from '../size-node.ts'

/** `dtype`, when it is left out, is int64 for integers and else float32. */
type ArangeAttributes = {
  readonly start: Dim
  readonly end: Dim
  readonly step: number
  readonly dtype?: DType
}

/** `start`, `start + step`, ... up to `end`, excluded. */
export const arange: Operation<ArangeAttributes> = defineOp({
  name: 'aten.arange',
  infer(_, attrs) {
    const { start, end, step, dtype } = attrs
    const length = step === 0 || !Number.isFinite(step) ? -1 : lengthOf(attrs)
    if (typeof length === 'number' && !(length >= 0)) {
      throw new RangeError(
        `Cannot record "aten.arange": expected a step that leads from ${start} to ${end}, got ${step}`,
      )
    }
    const isWhole = [start, end, step].every((bound) => typeof bound !== 'number' || Number.isInteger(bound))
    return [{ shape: [length], dtype: dtype ?? (isWhole ? 'int64' : 'float32') }]
  },
  gradient: 'none',
  lower(e, { attrs: { start, step }, outputs: [y] }) {
    const { dtype, shape } = y ?? { dtype: 'int64', shape: [0] }
    const count = e.op('Range', [e.scalar(0, 'int64'), sizeNode(e, shape[0] ?? 0), e.scalar(1, 'int64')])
    const computed: DType = isFloating(dtype) ? 'float32' : 'int64'
    const steps = computed === 'int64' ? count : e.cast(count, computed)
    const scaled = step === 1 ? steps : e.op('Mul', [steps, e.scalar(step, computed)])
    const first = sizeNode(e, start, computed)
    const moved = start === 0 ? scaled : e.op('Add', [scaled, first])
    return [dtype === computed ? moved : e.cast(moved, dtype)]
  },
  mil(e, { attrs: { start, step }, outputs: [y] }) {
    const [count] = y?.shape ?? []
    if (typeof count !== 'number' || typeof start !== 'number')
      return e.refuse('known bounds', `${count} values`)
    const values = Array.from({ length: count }, (_, i) => start + i * step)
    return [e.constant(fromValues(y?.dtype ?? 'int64', [count], values))]
  },
})

function lengthOf({ start, end, step }: ArangeAttributes): Dim {
  if (typeof start === 'number' && typeof end === 'number') return Math.ceil((end - start) / step)
  const [from, to] = step > 0 ? [start, end] : [end, start]
  const stride = Math.abs(step)
  return floorDivDims(addDims(subDims(to, from), stride - 1), stride)
}
