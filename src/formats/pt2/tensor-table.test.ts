import { describe, expect, it } from 'vitest'
import { Value } from '../../ir/node.ts'
import { JsonView } from './json-view.ts'
import { TensorTable } from './tensor-table.ts'

const at = JsonView.parse(new TextEncoder().encode('{}'), 'test')
const value = () => new Value({ dtype: 'float32', shape: [2] })

describe('TensorTable', () => {
  it('TensorTable gives a tensor that is changed in place under all its names', () => {
    const table = new TensorTable()
    const [before, once, twice] = [value(), value(), value()]
    table.define('x', before, at)
    table.replace(before, 'add_', once, at)
    table.replace(once, 'relu_', twice, at)
    for (const name of ['x', 'add_', 'relu_']) expect(table.read(name, at)).toBe(twice)
  })

  it('TensorTable rejects reads of what a change through a view made out of date', () => {
    const table = new TensorTable()
    const [base, view, changed] = [value(), value(), value()]
    table.define('x', base, at)
    table.define('view', view, at, undefined, base)
    table.replace(view, 'relu_', changed, at)
    expect(table.read('view', at)).toBe(changed)
    expect(() => table.read('x', at)).toThrow(
      'Cannot read pt2 "test": expected a tensor that nothing changes in place through a view, got "x", which "relu_" changes',
    )
  })
})
