import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import type { Attributes } from '../ir/attributes.ts'
import { emit, Value } from '../ir/node.ts'
import { fromValues } from '../tensor/from-values.ts'
import { leafOf, place } from './placement.ts'
import { makeProgram, missingData, missingLeaf } from './program.ts'
import { Storage } from './storage.ts'

const one = fakeOperation('test.one')
const two = fakeOperation('test.two')

function leaf(...shape: number[]): Value {
  return leafOf(new Storage('float32', shape))
}

function keyOf(attrs: Attributes, x: Value, y: Value, constant = false): string {
  return makeProgram([emit(two, [emit(one, [x], attrs), y], {})], (value) => constant && value === x).key
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

  test('makeProgram() gives equal keys to programs that one session serves', () => {
    expect(keyOf({ k: 1 }, leaf(2), leaf(3))).toBe(keyOf({ k: 1 }, leaf(2), leaf(3)))
  })

  test('makeProgram() gives other keys for other shapes, attributes, wiring, outputs and constants', () => {
    const [x, y] = [leaf(2), leaf(2)]
    const product = emit(two, [emit(one, [x], { k: 1 }), y], {})
    const keys = [
      keyOf({ k: 1 }, x, y),
      keyOf({ k: 1 }, leaf(3), y),
      keyOf({ k: 1 }, x, x),
      keyOf({ k: 2 }, x, y),
      keyOf({ k: '1' }, x, y),
      keyOf({ k: 1 }, x, y, true),
      makeProgram([product, ...(product.node?.inputs ?? []).flatMap((value) => value ?? [])], () => false)
        .key,
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('makeProgram() tells constants apart by the data that they are', () => {
    const [x, y, z] = [leaf(2), leaf(2), leaf(2)]
    expect(keyOf({}, x, y, true)).not.toBe(keyOf({}, z, y, true))
    expect(keyOf({}, x, y, true)).toBe(keyOf({}, x, z, true))
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
