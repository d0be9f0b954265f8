import { describe, expect, test } from 'vitest'
import { BufferPool } from './buffer-pool.ts'

describe('BufferPool', () => {
  test('BufferPool.take() gives an array again that was given back, for the same kind and size', () => {
    const pool = new BufferPool()
    const array = pool.take('float32', [2, 3])
    expect(array).toEqual(new Float32Array(6))
    pool.give(array)
    expect(pool.take('int32', [6])).not.toBe(array)
    expect(pool.take('float32', [7])).not.toBe(array)
    expect(pool.take('float32', [6])).toBe(array)
    expect(pool.take('float32', [6])).not.toBe(array)
  })

  test('BufferPool.give() does not keep what was made elsewhere', () => {
    const pool = new BufferPool()
    const stranger = new Float32Array(4)
    pool.give(stranger)
    expect(pool.take('float32', [4])).not.toBe(stranger)
  })

  test('BufferPool.give() keeps a bounded number of bytes', () => {
    const pool = new BufferPool()
    const [half, other] = [pool.take('uint8', [2 ** 27]), pool.take('uint8', [2 ** 27])]
    const small = pool.take('uint8', [8])
    for (const array of [half, other, small]) pool.give(array)
    expect(pool.take('uint8', [8]) === small).toBe(false)
    const again = pool.take('uint8', [2 ** 27])
    expect(again === half || again === other).toBe(true)
    pool.give(small)
    expect(pool.take('uint8', [8]) === small).toBe(true)
  })
})
