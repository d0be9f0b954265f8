import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import type { Attributes } from '../ir/attributes.ts'
import { emit, Value } from '../ir/node.ts'
import { fromValues } from '../tensor/from-values.ts'
import { leafOf, place } from './placement.ts'
import { makeProgram, missingData, missingLeaf } from './program.ts'
import type { Signature } from './signature.ts'
import { Storage } from './storage.ts'

const one = fakeOperation('test.one')
const two = fakeOperation('test.two')

function leaf(...shape: number[]): Value {
  return leafOf(new Storage('float32', shape))
}

function signatureOf(attrs: Attributes, x: Value, y: Value, constant = false): Signature {
  const product = emit(two, [emit(one, [x], attrs), y], {})
  return makeProgram([product], (value) => constant && value === x).signature
}

describe('makeProgram()', () => {
  test('makeProgram() stops at what is stored', () => {
    const [x, y] = [leaf(2), leaf(2)]
    const inner = emit(one, [x], {})
    place(inner, new Storage('float32', [2]))
    const outer = emit(two, [inner, y, null, y], {})
    const program = makeProgram([outer], (value) => value === y)
    expect(program.nodes).toEqual([outer.node])
    expect(program.inputs).toEqual([inner])
    expect(program.constants).toEqual([y])
  })

  test('makeProgram() gives equal signatures to programs that one session serves', () => {
    const signature = signatureOf({ k: 1, list: [1, null] }, leaf(2), leaf(3))
    expect(signature.equals(signatureOf({ k: 1, list: [1, null] }, leaf(2), leaf(3)))).toBe(true)
  })

  test('makeProgram() gives other signatures for other shapes, attributes, wiring, outputs and constants', () => {
    const [x, y] = [leaf(2), leaf(2)]
    const product = emit(two, [emit(one, [x], { k: 1 }), y], {})
    const results = (product.node?.inputs ?? []).flatMap((value) => value ?? [])
    const signatures = [
      signatureOf({ k: 1 }, x, y),
      signatureOf({ k: 1 }, leaf(3), y),
      signatureOf({ k: 1 }, leaf(2, 1), y),
      signatureOf({ k: 1 }, x, x),
      signatureOf({ k: 2 }, x, y),
      signatureOf({ k: '1' }, x, y),
      signatureOf({ k: 0 }, x, y),
      signatureOf({ k: -0 }, x, y),
      signatureOf({ k: [1] }, x, y),
      signatureOf({ k: [[1]] }, x, y),
      signatureOf({ k: null }, x, y),
      signatureOf({ k: 1 }, x, y, true),
      makeProgram([product, ...results], () => false).signature,
    ]
    const equal = signatures.flatMap((a, i) => signatures.filter((b, j) => i < j && a.equals(b)))
    expect(equal).toEqual([])
  })

  test('makeProgram() tells constants apart by the data that they are', () => {
    const [x, y, z] = [leaf(2), leaf(2), leaf(2)]
    expect(signatureOf({}, x, y, true).equals(signatureOf({}, z, y, true))).toBe(false)
    expect(signatureOf({}, x, y, true).equals(signatureOf({}, x, z, true))).toBe(true)
  })
})

describe('missingLeaf()', () => {
  test('missingLeaf() finds leaves that were never there, and those that were replaced', () => {
    const program = (value: Value) => makeProgram([emit(one, [value], {})], () => false)
    const replaced = new Storage('float32', [2], fromValues('float32', [2], [1, 2]))
    const value = leafOf(replaced)
    expect(missingLeaf(program(value))).toBeUndefined()
    replaced.lost = 'it was replaced by a later update'
    expect(missingLeaf(program(value))).toBe(value)
    const placeholder = new Value(float32(2))
    expect(missingLeaf(program(placeholder))).toBe(placeholder)
    expect(missingLeaf(makeProgram([placeholder], () => false))).toBe(placeholder)
  })

  test('missingData() calls it a bug when all data is there', () => {
    expect(missingData(emit(one, [leaf(2)], {})).message).toBe(
      'Cannot read float32 [2]: expected a run to deliver it (a bug in lowbit)',
    )
  })
})
