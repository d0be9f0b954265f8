import { describe, expect, test } from 'vitest'
import { type ConvEngine, type ConvShape, chooseStrategy } from './conv-shape.ts'
import { constantWeightStrategies, convolutionStrategies } from './lower-convolution.ts'
import { inputGradientStrategies } from './lower-input-gradient.ts'
import { weightGradientStrategies } from './lower-weight-gradient.ts'

const BLOCKED: ConvEngine = { local: true, block: 16 }
const UNBLOCKED: ConvEngine = { local: true, block: 0 }
const FOREIGN: ConvEngine = { local: false, block: 0 }

interface Layer {
  readonly batch?: number
  readonly channels: number
  readonly filters: number
  readonly size: number
  readonly kernel: number
  readonly stride?: number
  readonly groups?: number
}

function layer({ batch = 8, channels, filters, size, kernel, stride = 1, groups = 1 }: Layer): ConvShape {
  const pad = (kernel - 1) / 2
  const output = Math.floor((size + 2 * pad - kernel) / stride) + 1
  return {
    batch,
    channels,
    filters,
    groups,
    input: [size, size],
    kernel: [kernel, kernel],
    output: [output, output],
    stride: [stride, stride],
    dilation: [1, 1],
    padding: [
      [pad, pad],
      [pad, pad],
    ],
  }
}

const LAYERS = {
  stem: layer({ channels: 3, filters: 64, size: 64, kernel: 7, stride: 2 }),
  wide: layer({ channels: 64, filters: 64, size: 16, kernel: 3 }),
  halving: layer({ channels: 64, filters: 128, size: 16, kernel: 3, stride: 2 }),
  halvingManyFilters: layer({ channels: 128, filters: 256, size: 8, kernel: 3, stride: 2 }),
  tiny: layer({ channels: 512, filters: 512, size: 2, kernel: 3 }),
  tinyHalving: layer({ channels: 256, filters: 512, size: 4, kernel: 3, stride: 2 }),
  tinyInLargeBatch: layer({ batch: 64, channels: 256, filters: 256, size: 4, kernel: 3 }),
  pointwise: layer({ channels: 32, filters: 192, size: 8, kernel: 1 }),
  tinyPointwise: layer({ channels: 960, filters: 160, size: 2, kernel: 1 }),
  depthwise: layer({ channels: 96, filters: 96, size: 16, kernel: 3, groups: 96 }),
  depthwiseHalving: layer({ channels: 96, filters: 96, size: 16, kernel: 3, stride: 2, groups: 96 }),
  grouped: layer({ channels: 64, filters: 64, size: 16, kernel: 3, groups: 2 }),
  odd: layer({ channels: 18, filters: 18, size: 16, kernel: 3 }),
} as const

/** For each layer, the forms of the convolution, of the gradient of its data and of the gradient of its weight. */
type Forms = Readonly<Record<keyof typeof LAYERS, readonly [string, string, string]>>

const WITH_BLOCKS: Forms = {
  stem: ['blockedFewChannels', 'plain', 'blockedDense'],
  wide: ['blockedDense', 'blockedDense', 'blockedDense'],
  halving: ['blockedDense', 'plain', 'blockedDense'],
  halvingManyFilters: ['blockedDense', 'folded', 'blockedDense'],
  tiny: ['folded', 'folded', 'folded'],
  tinyHalving: ['folded', 'folded', 'folded'],
  tinyInLargeBatch: ['blockedDense', 'blockedDense', 'blockedDense'],
  pointwise: ['plain', 'flipped', 'pointwise'],
  tinyPointwise: ['folded', 'folded', 'folded'],
  depthwise: ['blockedDepthwise', 'blockedDepthwise', 'blockedDepthwise'],
  depthwiseHalving: ['blockedDepthwise', 'blockedDepthwise', 'blockedDepthwise'],
  grouped: ['plain', 'flipped', 'plain'],
  odd: ['plain', 'flipped', 'plain'],
}

const WITHOUT_BLOCKS: Forms = {
  stem: ['plain', 'plain', 'plain'],
  wide: ['plain', 'flipped', 'plain'],
  halving: ['plain', 'plain', 'plain'],
  halvingManyFilters: ['plain', 'folded', 'plain'],
  tiny: ['folded', 'folded', 'folded'],
  tinyHalving: ['folded', 'folded', 'folded'],
  tinyInLargeBatch: ['folded', 'folded', 'folded'],
  pointwise: ['plain', 'flipped', 'pointwise'],
  tinyPointwise: ['folded', 'folded', 'folded'],
  depthwise: ['plain', 'flipped', 'plain'],
  depthwiseHalving: ['plain', 'plain', 'plain'],
  grouped: ['plain', 'flipped', 'plain'],
  odd: ['plain', 'flipped', 'plain'],
}

function formsOf(shape: ConvShape, engine: ConvEngine): string[] {
  return [convolutionStrategies, inputGradientStrategies, weightGradientStrategies].map(
    (strategies) => chooseStrategy(strategies, shape, engine)?.name ?? 'plain',
  )
}

describe('chooseStrategy()', () => {
  const names = Object.keys(LAYERS) as (keyof typeof LAYERS)[]

  test.each(names)('chooseStrategy() takes what was measured to be the fastest: %s', (name) => {
    expect(formsOf(LAYERS[name], BLOCKED)).toEqual(WITH_BLOCKS[name])
    expect(formsOf(LAYERS[name], UNBLOCKED)).toEqual(WITHOUT_BLOCKS[name])
  })

  test.each(names)('chooseStrategy() leaves what is written for other engines plain: %s', (name) => {
    expect(formsOf(LAYERS[name], FOREIGN)).toEqual(['plain', 'plain', 'plain'])
  })

  test('chooseStrategy() folds convolutions with constant weights where an image has few positions', () => {
    const folded = names.filter((name) =>
      chooseStrategy(constantWeightStrategies, LAYERS[name], { local: true, block: 8 }),
    )
    expect(folded).toEqual(['tiny', 'tinyHalving'])
  })
})
