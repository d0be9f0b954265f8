import { expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import { symbol } from './dim.ts'
import { emit, emitAll, formatType, Node, Value } from './node.ts'
import { withScope } from './scope.ts'

const pair = fakeOperation('test.pair', { infer: () => [float32(2), { shape: [], dtype: 'int64' }] })
const silent = fakeOperation('test.silent', { infer: () => [] })

test('Node makes its outputs from inference', () => {
  const x = new Value(float32(3))
  const node = new Node(pair, [x, null], { k: 1 })
  expect(node.outputs.map(formatType)).toEqual(['float32 [2]', 'int64 []'])
  expect(node.outputs.map(({ node, index }) => [node?.op.name, index])).toEqual([
    ['test.pair', 0],
    ['test.pair', 1],
  ])
  expect(node.inputs).toEqual([x, null])
})

test('Node.origin names the operation and the module that recorded it', () => {
  const scope = { path: 'features.1', className: 'ReLU', parent: undefined }
  const node = withScope(scope, () => new Node(pair, [], {}))
  expect(node.origin).toBe('test.pair in module "features.1" (ReLU)')
  expect(new Node(pair, [], {}).origin).toBe('test.pair')
})

test('Node puts the module into the message of what inference throws, in the stack as well', () => {
  const strict = fakeOperation('test.strict', {
    infer() {
      throw new ShapeError('Cannot record "test.strict": expected [2], got [3]')
    },
  })
  const messages = [
    { path: 'features.1', className: 'ReLU', parent: undefined },
    { path: '', className: 'Net', parent: undefined },
    undefined,
  ].map((scope) => {
    try {
      return withScope(scope, () => new Node(strict, [], {})).origin
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error
      expect(error.stack).toContain(error.message)
      return error.message
    }
  })
  expect(messages).toEqual([
    'Cannot record "test.strict" in module "features.1" (ReLU): expected [2], got [3]',
    'Cannot record "test.strict" in the model (Net): expected [2], got [3]',
    'Cannot record "test.strict": expected [2], got [3]',
  ])
})

test('Value ids grow in the order of creation', () => {
  const a = new Value(float32())
  const [b = a, c = a] = emitAll(pair, [a], {})
  expect(a.id < b.id && b.id < c.id).toBe(true)
})

test('emit() gives the first output, and rejects an operation without any', () => {
  expect(formatType(emit(pair, [], {}))).toBe('float32 [2]')
  expect(() => emit(silent, [], {})).toThrow(
    new RangeError('Cannot use "test.silent" as a value: it has no outputs (a bug in lowbit)'),
  )
})

test('formatType() writes dtype and shape', () => {
  expect(formatType({ dtype: 'bfloat16', shape: [symbol('s'), 2] })).toBe('bfloat16 [s, 2]')
})
