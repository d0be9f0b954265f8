import { describe, expect, it } from 'vitest'
import { adviceFor } from './advice.ts'
import type { Report } from './report.ts'

const DECIBELS = { largestDifference: 0, meanDifference: 0, largestInSteps: null }
const agreed = (sqnrDb: number) => [{ name: 'y', sqnrDb, ...DECIBELS }]

function report(changes: Partial<Report> = {}): Omit<Report, 'advice'> {
  return {
    lowbit: '0.0.0',
    model: { path: 'm.onnx', sizeBytes: 100, inputs: [], outputs: [], sizes: [] },
    quantized: { path: 'q.onnx', backend: 'onnx', sizeBytes: 40, contentBytes: 30, sizes: [] },
    config: { origin: 'preset w8a8', excluded: [], content: {} },
    plan: {
      quantized: [],
      skipped: [],
      weights: { count: 1, bytesBefore: 4, bytesAfter: 1 },
      hasActivations: true,
    },
    data: { origin: 'data', batches: 8, isRandom: false },
    agreement: { batches: 8, outputs: agreed(50), preparedAgainstFloat: agreed(50), file: null, layers: [] },
    web: null,
    histograms: [],
    environment: {},
    warnings: [],
    ...changes,
  }
}

const unsafe = (safeWith: 'plain' | 'neither'): Partial<Report> => ({
  agreement: {
    batches: 8,
    outputs: agreed(50),
    preparedAgainstFloat: agreed(50),
    layers: [],
    file: {
      ways: [],
      safety: { safeWith, ways: [], dotProduct: 'none', maySaturate: true, text: '' },
    },
  },
})

describe('adviceFor()', () => {
  it('says that a file is larger than the original', () => {
    const quantized = { path: 'q.onnx', backend: 'onnx', sizeBytes: 101, contentBytes: 90, sizes: [] }
    expect(adviceFor(report({ quantized }))).toEqual([
      'The file is LARGER than the original: this model has too few weights for what quantizing adds to the graph; --preset w8 adds less',
    ])
  })

  it('offers seven bits where integer kernels saturate, and another way to run the file', () => {
    expect(adviceFor(report(unsafe('plain')))).toEqual([
      "Try --reduce-range: weights of seven bits keep the sums of this processor's integer kernels from saturating; --preset w8 needs no integer kernels",
      'Else run the file with graph optimizations disabled on machines like this one',
    ])
    const config = { origin: 'lowbit.yaml', excluded: [], content: {} }
    expect(adviceFor(report({ ...unsafe('neither'), config }))).toEqual([
      "Try reduce_range: true for weights: weights of seven bits keep the sums of this processor's integer kernels from saturating; --preset w8 needs no integer kernels",
    ])
  })

  it('has something to do also where all is well', () => {
    expect(adviceFor(report())).toEqual([
      'Check the file with data of your own: lowbit verify <model> <quantized> --data <path>',
    ])
  })
})
