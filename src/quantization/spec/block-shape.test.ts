import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ShapeError } from '../../tensor/shape-error.ts'
import { ConfigError } from '../config-error.ts'
import { blockShape, qparamShape } from './block-shape.ts'
import { PerBlock, PerChannel, PerTensor } from './granularity.ts'

describe('blockShape()', () => {
  test.each([
    [new PerTensor(), 'weight', [8, 64, 3, 3]],
    [new PerChannel(0), 'weight', [1, 64, 3, 3]],
    [new PerChannel(-1), 'activation', [8, 64, 3, 1]],
    [new PerBlock(32, 1), 'weight', [1, 32, 3, 3]],
    [new PerBlock(32, 1), 'activation', [1, 32, 1, 1]],
    [new PerBlock([-1, 16, 1, -1]), 'activation', [8, 16, 1, 3]],
  ] as const)('blockShape() of %o for a %s', (granularity, target, expected) => {
    expect(blockShape([8, 64, 3, 3], granularity, target)).toEqual(expected)
  })

  test('blockShape() refuses a block that does not divide its dimension', () => {
    expect(() => blockShape([3, 5], new PerBlock(4, 1), 'weight')).toThrow(
      new ShapeError('Cannot divide [3, 5] into blocks: expected a size that divides 5, got 4 (dimension 1)'),
    )
  })

  test('blockShape() refuses a missing axis, one out of range, and sizes for another number of dimensions', () => {
    expect(() => blockShape([3, 5], new PerChannel(), 'activation')).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message:
          'Cannot read "granularity.axis": expected an axis of [3, 5] for per_channel, got null\n' +
          'Hint: weights of known operations have a default axis; activations need one',
      }),
    )
    expect(() => blockShape([3, 5], new PerChannel(2), 'weight')).toThrow(ConfigError)
    expect(() => blockShape([3, 5], new PerBlock([1, 1, 1]), 'weight')).toThrow(ConfigError)
    expect(() => blockShape([3, 5], new PerBlock([1, 1], 0), 'weight')).toThrow(ConfigError)
  })

  test('qparamShape() times blockShape() is the shape', () => {
    const dims = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })), {
      maxLength: 4,
    })
    fc.assert(
      fc.property(dims, (pairs) => {
        const shape = pairs.map(([count, size]) => count * size)
        const blocks = blockShape(shape, new PerBlock(pairs.map(([, size]) => size)), 'weight')
        expect(qparamShape(shape, blocks).map((count, i) => count * (blocks[i] ?? 0))).toEqual(shape)
      }),
    )
  })
})
