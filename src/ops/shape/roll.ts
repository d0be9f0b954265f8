import { mulDims, subDims } from '../../ir/dim.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import { defineOp } from '../define-op.ts'
import { inputAt, normalizeDim, valueAt } from '../inference.ts'
import { cat } from './cat.ts'
import { reshaped } from './reshape.ts'
import { slice } from './slice.ts'

/** Moves elements along dimensions; what leaves at the end comes back at the start. Without dimensions: of all flattened. */
export const roll: Operation<{ readonly shifts: readonly number[]; readonly dims: readonly number[] }> =
  defineComposite({
    name: 'aten.roll',
    compose(inputs, { shifts, dims }) {
      const x = valueAt('aten.roll', inputs, 0)
      if (dims.length === 0) {
        const flat = reshaped(x, [x.shape.reduce(mulDims, 1)])
        return [reshaped(rolled(flat, shifts[0] ?? 0, 0), x.shape)]
      }
      if (dims.length !== shifts.length) {
        throw new RangeError(
          `Cannot record "aten.roll": expected a shift for each of ${dims.length} dims, got ${shifts.length}`,
        )
      }
      return [dims.reduce((value, dim, i) => rolled(value, shifts[i] ?? 0, dim), x)]
    },
  })

function rolled(x: Value, shift: number, dim: number): Value {
  const axis = normalizeDim('aten.roll', dim, x.shape.length)
  const size = x.shape[axis] ?? 1
  if (shift === 0 || size === 0) return x
  if (typeof size !== 'number') {
    // Within a symbolic size the shift is taken as it stands.
    const cut = shift > 0 ? subDims(size, shift) : -shift
    return joined(x, axis, cut)
  }
  const cut = (((-shift % size) + size) % size) % size
  return cut === 0 ? x : joined(x, axis, cut)
}

function joined(x: Value, axis: number, cut: Parameters<typeof subDims>[0]): Value {
  const size = x.shape[axis] ?? 1
  const part = (start: typeof cut, end: typeof cut) => emit(slice, [x], { dim: axis, start, end, step: 1 })
  return emit(cat, [part(cut, size), part(0, cut)], { dim: axis })
}

/** Reverses dimensions. */
export const flip: Operation<{ readonly dims: readonly number[] }> = defineOp({
  name: 'aten.flip',
  infer(inputs, { dims }) {
    const type = inputAt('aten.flip', inputs, 0)
    const axes = dims.map((dim) => normalizeDim('aten.flip', dim, type.shape.length))
    if (new Set(axes).size !== axes.length) {
      throw new RangeError(
        `Cannot record "aten.flip": expected different dims, got [${dims.join(', ')}] for ${formatType(type)}`,
      )
    }
    return [{ shape: type.shape, dtype: type.dtype }]
  },
  gradient: ({ gradients: [g], attrs }) => [g ? emit(flip, [g], attrs) : null],
  lower(e, { inputs: [x], attrs: { dims } }) {
    const [source = ''] = e.inputs
    if (dims.length === 0) return [source]
    const all = (value: number) => e.ints(dims.map(() => value))
    const axes = dims.map((dim) => normalizeDim('aten.flip', dim, x?.shape.length ?? 1))
    return [e.op('Slice', [source, all(-1), all(-(2 ** 31)), e.ints(axes), all(-1)])]
  },
})
