import { describe, expect, it } from 'vitest'
import type { PlanDescription } from '../describe-plan.ts'
import { safetyOf } from './safe-with.ts'

const outputs = (...decibels: readonly number[]) =>
  decibels.map((sqnrDb) => ({
    name: 'y',
    sqnrDb,
    largestDifference: 0,
    meanDifference: 0,
    largestInSteps: null,
  }))
const plan = (input: string | null): PlanDescription => ({
  quantized: [
    {
      name: 'a',
      type: 'linear',
      module: '',
      weight: 'int8 per channel 0',
      input,
      output: null,
      winner: 'global',
    },
  ],
  skipped: [],
  weights: { count: 1, bytesBefore: 4, bytesAfter: 1 },
  hasActivations: input !== null,
})

describe('safetyOf()', () => {
  it('is safe both ways where fused kernels cost little, or nothing that anybody sees', () => {
    const text = 'Safe with graph optimizations and without, as measured on this machine'
    expect(safetyOf(outputs(30), outputs(28), plan('int8'), 'vnni')).toEqual({
      safeWith: 'both',
      dotProduct: 'vnni',
      maySaturate: false,
      text,
    })
    expect(safetyOf(outputs(120), outputs(45), plan(null), 'none')).toMatchObject({ safeWith: 'both', text })
  })

  it('is safe without optimizations alone where one output suffers from them', () => {
    expect(safetyOf(outputs(50, 30), outputs(50, 20), plan('uint8'), 'none')).toMatchObject({
      safeWith: 'plain',
      text: 'Safe without graph optimizations only: with them, this machine computes otherwise than the plain operations do',
    })
  })

  it('says that other processors may saturate where this one hides it', () => {
    expect(safetyOf(outputs(30), outputs(30), plan('uint8 asymmetric'), 'vnni')).toMatchObject({
      safeWith: 'both',
      maySaturate: true,
      text:
        'Safe with graph optimizations and without, as measured on this machine; its uint8 activations may saturate on processors without VNNI, ' +
        'which int8 activations (--preset w8a8) do not',
    })
  })
})
