import { describe, expect, test } from 'vitest'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import type { Attributes } from '../../ir/attributes.ts'
import type { Dims } from '../../ir/dim.ts'
import { reductionOperations } from './index.ts'

type Row = { readonly attrs: Attributes; readonly shape: Dims }

const OVER: Row = { attrs: { dim: [0, -1], keepdim: true }, shape: [1, 3, 1] }
const PLACE: Row = { attrs: { dim: 1, keepdim: false }, shape: [n, s] }
const RUNNING: Row = { attrs: { dim: 0 }, shape: [n, 3, s] }

const ROWS: Readonly<Record<string, Row>> = {
  'aten.var': { attrs: { dim: [1], keepdim: false, correction: 1 }, shape: [n, s] },
  'aten.expand': { attrs: { size: [s, -1, 3, -1] }, shape: [s, n, 3, s] },
  'aten.argmax': PLACE,
  'aten.argmin': { attrs: { dim: null, keepdim: true }, shape: [1, 1, 1] },
  'aten.cumsum': RUNNING,
  'lowbit.reversed_cumsum': RUNNING,
}

describe('reductions', () => {
  test.each(reductionOperations.map((op) => [op.name, op] as const))(
    '%s infers symbolic sizes as it infers numbers',
    (name, op) => {
      const { attrs, shape } = ROWS[name] ?? OVER
      const [output] = expectSymbolicInference(op, [typed([n, 3, s])], attrs)
      expect(output?.shape.map(String)).toEqual(shape.map(String))
    },
  )
})
