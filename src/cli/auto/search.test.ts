import { describe, expect, it } from 'vitest'
import { type Candidate, candidateLabel } from './candidate.ts'
import { bestTrial, type SearchTools, searchCandidates, type Trial } from './search.ts'

const OPERATIONS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const SIZES: Readonly<Record<string, number>> = { 'w4-block': 50, w4: 45, w8a8: 80, w8: 80 }

/** Tools of a model whose candidates drop as `dropOf` says; an operation that is spared costs two bytes. */
function toolsOf(dropOf: (candidate: Candidate) => number, maxSize = Number.POSITIVE_INFINITY): SearchTools {
  const bytes = ({ preset, spared }: Candidate) => (SIZES[preset] ?? 0) + 2 * spared.length
  return {
    plannedBytes: bytes,
    tryOut: async (candidate) => {
      const drop = dropOf(candidate)
      return {
        candidate,
        sizeBytes: bytes(candidate),
        score: 1 - drop,
        drop,
        keepsDrop: drop <= 0.01,
        keepsSize: bytes(candidate) <= maxSize,
        failure: null,
      }
    },
    rank: async () => OPERATIONS,
  }
}

const goal = (maxSizeBytes: number | null = null) => ({ presets: Object.keys(SIZES), maxSizeBytes })
const labels = (trials: readonly Trial[]) => trials.map(({ candidate }) => candidateLabel(candidate))
const best = (trials: readonly Trial[]) => {
  const found = bestTrial(trials)
  return found && candidateLabel(found.candidate)
}

describe('searchCandidates()', () => {
  it('stops at the smallest preset where that keeps the budget', async () => {
    const trials = await searchCandidates(
      goal(),
      toolsOf(() => 0),
    )
    expect(labels(trials)).toEqual(['w4'])
  })

  it('tries other ranges where activations are quantized, before it goes on to what is larger', async () => {
    const trials = await searchCandidates(
      { presets: ['w8a8', 'w8'], maxSizeBytes: null },
      toolsOf(({ preset, range }) => (preset === 'w8' || range === 'histogram_mse' ? 0 : 0.5)),
    )
    expect(labels(trials)).toEqual(['w8a8', 'w8a8, percentile', 'w8a8, histogram_mse'])
    expect(best(trials)).toBe('w8a8, histogram_mse')
  })

  it('spares as few operations of what is smaller as will do', async () => {
    const trials = await searchCandidates(
      goal(),
      toolsOf(({ preset, spared }) => {
        if (preset === 'w8') return 0
        return preset === 'w4-block' ? 0.06 - 0.01 * spared.length : 1
      }),
    )
    expect(labels(trials).slice(-6)).toEqual([
      'w4-block, 1 operation in 8 bits',
      'w4-block, 2 operations in 8 bits',
      'w4-block, 4 operations in 8 bits',
      'w4-block, 8 operations in 8 bits',
      'w4-block, 6 operations in 8 bits',
      'w4-block, 5 operations in 8 bits',
    ])
    expect(best(trials)).toBe('w4-block, 5 operations in 8 bits')
  })

  it('leaves operations float where eight bits are too few for all of them', async () => {
    const trials = await searchCandidates(
      { presets: ['w4', 'w8', 'w4-block'], maxSizeBytes: null },
      toolsOf(({ preset, spared, sparedAs }) => {
        if (preset === 'w8') return 0.02
        return sparedAs === 'float' && spared.length > 0 ? 0 : 0.1
      }),
    )
    expect(labels(trials)).toEqual(['w4', 'w4-block', 'w8', 'w4, 1 operation float'])
    expect(best(trials)).toBe('w4, 1 operation float')
  })

  it('spares nothing where that makes the file as large as what was found', async () => {
    const trials = await searchCandidates(
      { presets: ['w8a8', 'w8'], maxSizeBytes: null },
      toolsOf(({ preset }) => (preset === 'w8' ? 0 : 1)),
    )
    expect(labels(trials)).toEqual(['w8a8', 'w8a8, percentile', 'w8a8, histogram_mse', 'w8a8, entropy', 'w8'])
  })

  it('stops at the first file that is small enough where a size is asked for', async () => {
    const drop = ({ preset }: Candidate) => (preset === 'w8' ? 0 : 1)
    const trials = await searchCandidates(goal(90), toolsOf(drop, 90))
    expect(labels(trials).filter((label) => label.includes('8 bits'))).toEqual([])
    expect(best(trials)).toBe('w8')
  })

  it('spares only what stays below the size that is asked for, and has a best one where nothing keeps the budget', async () => {
    const drop = ({ preset, spared }: Candidate) => (preset === 'w8' ? 0 : 1 - spared.length / 100)
    const trials = await searchCandidates(goal(49), toolsOf(drop, 49))
    expect(labels(trials).filter((label) => label.startsWith('w4,'))).toEqual(['w4, 1 operation in 8 bits'])
    expect(best(trials)).toBe('w4, 1 operation in 8 bits')
  })

  it('leaves out presets that quantize nothing', async () => {
    const tools = toolsOf(() => 0)
    const planned = (candidate: Candidate) =>
      candidate.preset === 'w8' ? tools.plannedBytes(candidate) : undefined
    expect(labels(await searchCandidates(goal(), { ...tools, plannedBytes: planned }))).toEqual(['w8'])
    expect(await searchCandidates(goal(), { ...tools, plannedBytes: () => undefined })).toEqual([])
  })

  it('goes on after a candidate that cannot be made', async () => {
    const tools = toolsOf(() => 0)
    const trials = await searchCandidates(goal(), {
      ...tools,
      tryOut: async (candidate) => {
        const trial = await tools.tryOut(candidate)
        if (candidate.preset === 'w8') return trial
        return { ...trial, score: Number.NaN, drop: Number.NaN, keepsDrop: false, failure: 'refused' }
      },
    })
    expect(labels(trials)).toEqual(['w4', 'w4-block', 'w8a8', 'w8'])
    expect(best(trials)).toBe('w8')
  })
})
