import { describe, expect, it } from 'vitest'
import type { PlanDescription } from '../describe-plan.ts'
import type { MeasuredWay } from '../measure-quantized.ts'
import { safetyOf } from './safe-with.ts'

const outputs = (...decibels: readonly number[]) =>
  decibels.map((sqnrDb) => ({
    name: 'y',
    sqnrDb,
    largestDifference: 0,
    meanDifference: 0,
    largestInSteps: null,
  }))
const way = (runtime: 'node' | 'wasm', optimized: boolean, ...decibels: readonly number[]): MeasuredWay => ({
  runtime,
  optimized,
  batches: 8,
  againstFloat: outputs(...decibels),
  againstPrepared: outputs(...decibels),
})
const plan = (input: string | null, weight = 'int8 symmetric per_channel(0)'): PlanDescription => ({
  quantized: [{ name: 'a', type: 'linear', module: '', weight, input, output: null, winner: 'global' }],
  skipped: [],
  weights: { count: 1, bytesBefore: 4, bytesAfter: 1 },
  hasActivations: input !== null,
})
const HERE = 'Safe with graph optimizations and without, on node and wasm, as measured on this machine'

describe('safetyOf()', () => {
  it('is safe where every way adds less noise than quantization has, or less than anybody sees', () => {
    const ways = [
      way('node', true, 28),
      way('node', false, 90),
      way('wasm', true, 27),
      way('wasm', false, 90),
    ]
    expect(safetyOf(outputs(25), ways, plan('int8 reduced', 'int8 reduced symmetric'), 'vnni')).toEqual({
      safeWith: 'both',
      ways: [
        { runtime: 'node', optimized: true, isSafe: true, sqnrDb: 28 },
        { runtime: 'node', optimized: false, isSafe: true, sqnrDb: 90 },
        { runtime: 'wasm', optimized: true, isSafe: true, sqnrDb: 27 },
        { runtime: 'wasm', optimized: false, isSafe: true, sqnrDb: 90 },
      ],
      dotProduct: 'vnni',
      maySaturate: false,
      text: HERE,
    })
    expect(safetyOf(outputs(70), [way('node', true, 41)], plan(null), 'none').safeWith).toBe('both')
  })

  it('names the ways that compute otherwise than what was calibrated, though float is as far from them', () => {
    const ways = [
      way('node', true, 8.7),
      way('node', false, 60),
      way('wasm', true, 20),
      way('wasm', false, 60),
    ]
    expect(safetyOf(outputs(14.7), ways, plan('int8 asymmetric per_tensor'), 'none')).toMatchObject({
      safeWith: 'plain',
      maySaturate: true,
      text:
        'Unsafe with graph optimizations on node (9 dB), against what was calibrated: quantization itself leaves 15 dB. ' +
        'Safe without graph optimizations on node and on wasm, as measured on this machine',
    })
  })

  it('holds every output of its own, and a floor where quantization has lost much itself', () => {
    expect(safetyOf(outputs(50, 30), [way('node', true, 50, 20)], plan(null), 'none').safeWith).toBe('plain')
    expect(safetyOf(outputs(3), [way('node', true, 5)], plan(null), 'none').safeWith).toBe('plain')
    expect(
      safetyOf(outputs(3), [way('node', true, 5), way('node', false, 5)], plan(null), 'none'),
    ).toMatchObject({
      safeWith: 'neither',
      text:
        'Unsafe with graph optimizations on node (5 dB), without graph optimizations on node (5 dB), against what was calibrated: ' +
        'quantization itself leaves 3 dB. Safe in no way, as measured on this machine',
    })
  })

  it('says that other processors may saturate where this one hides it', () => {
    const ways = [way('node', true, 30), way('wasm', true, 30)]
    expect(safetyOf(outputs(30), ways, plan('uint8 asymmetric per_tensor'), 'vnni')).toMatchObject({
      safeWith: 'both',
      maySaturate: true,
      text: `${HERE}; its integer products may saturate on processors without VNNI, which --reduce-range prevents`,
    })
  })
})
