import { describe, expect, test } from 'vitest'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import type { Attributes } from '../../ir/attributes.ts'
import type { Dims } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { elementwiseOperations } from './index.ts'

type Row = { readonly inputs: readonly TensorType[]; readonly attrs?: Attributes; readonly shape: Dims }

const x = typed([n, 3, s])
const ONE: Row = { inputs: [x], shape: [n, 3, s] }
const TWO: Row = { inputs: [x, typed([1, s])], shape: [n, 3, s] }
const FLAGS: Row = { inputs: [typed([n, 1], 'bool'), typed([s], 'bool')], shape: [n, s] }

const ROWS: Readonly<Record<string, Row>> = {
  'aten.add': { ...TWO, attrs: { alpha: 1 } },
  'aten.sub': { ...TWO, attrs: { alpha: 1 } },
  'aten.rsub': { ...TWO, attrs: { alpha: 1 } },
  'aten.mul': TWO,
  'aten.div': { ...TWO, attrs: { roundingMode: null } },
  'aten.pow': TWO,
  'aten.minimum': TWO,
  'aten.maximum': TWO,
  'aten.eq': TWO,
  'aten.ne': TWO,
  'aten.lt': TWO,
  'aten.le': TWO,
  'aten.gt': TWO,
  'aten.ge': TWO,
  'aten.logical_and': FLAGS,
  'aten.logical_or': FLAGS,
  'aten.where': { inputs: [typed([3, 1], 'bool'), x, typed([])], shape: [n, 3, s] },
  'aten.clamp': { ...ONE, attrs: { min: 0, max: 1 } },
  'aten.to': { ...ONE, attrs: { dtype: 'int64' } },
}

describe('elementwise operations', () => {
  test.each(elementwiseOperations.map((op) => [op.name, op] as const))(
    '%s infers symbolic sizes as it infers numbers',
    (name, op) => {
      const { inputs, attrs = {}, shape } = ROWS[name] ?? ONE
      const [output] = expectSymbolicInference(op, inputs, attrs)
      expect(output?.shape.map(String)).toEqual(shape.map(String))
    },
  )
})
