import { describe, expect, it } from 'vitest'
import { findCycles } from './cycles.ts'

function cyclesOf(edges: Record<string, string[]>): string[][] {
  return findCycles(new Map(Object.entries(edges)))
}

describe('findCycles()', () => {
  it('finds none in a graph without', () => {
    expect(cyclesOf({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })).toEqual([])
  })

  it('finds none in a diamond whose sides are joined late', () => {
    expect(cyclesOf({ a: ['b', 'c'], b: ['d'], c: ['b'], d: ['e'], e: [] })).toEqual([])
  })

  it('finds a node that points at itself', () => {
    expect(cyclesOf({ a: ['b'], b: ['b'] })).toEqual([['b']])
  })

  it('gives a cycle from its first node in alphabetic order', () => {
    expect(cyclesOf({ c: ['a'], b: ['c'], a: ['b'], d: ['a'] })).toEqual([['a', 'b', 'c']])
  })

  it('gives the shortest cycle of a tangle', () => {
    expect(cyclesOf({ a: ['b'], b: ['c'], c: ['d', 'a'], d: ['a'] })).toEqual([['a', 'b', 'c']])
  })

  it('finds every one of several cycles', () => {
    const cycles = cyclesOf({ a: ['b'], b: ['a', 'c'], c: ['d'], d: ['c'] })
    expect(cycles.toSorted()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  it('passes over names that are no node', () => {
    expect(cyclesOf({ a: ['elsewhere'] })).toEqual([])
  })
})
