import { describe, expect, it } from 'vitest'
import { FormatError } from './format-error.ts'

describe('FormatError', () => {
  it('FormatError says what was expected, what was found, and where', () => {
    const error = new FormatError('zip', { subject: 'a.bin', expected: '10 bytes', got: '3', offset: 40 })
    expect(error.message).toBe('Cannot read zip "a.bin": expected 10 bytes, got 3 (byte 40)')
    expect([error.name, error.format, error.offset]).toEqual(['FormatError', 'zip', 40])
    expect(error).toBeInstanceOf(RangeError)
  })

  it('FormatError adds a place that is no offset, a hint, and a cause', () => {
    const cause = new Error('inner')
    const problem = { action: 'write', subject: 'w', expected: 'int8', got: 'int4', hint: 'pack it' } as const
    const error = new FormatError('npy', { ...problem, where: '$.descr', cause })
    expect(error.message).toBe('Cannot write npy "w": expected int8, got int4 ($.descr)\nHint: pack it')
    expect(error.cause).toBe(cause)
  })

  it('FormatError clips what a file made too long', () => {
    const error = new FormatError('zip', {
      subject: 'n'.repeat(1e6),
      expected: 'a name',
      got: 'x'.repeat(1e6),
    })
    expect(error.message).toBe(
      `Cannot read zip "${'n'.repeat(200)}...": expected a name, got ${'x'.repeat(200)}...`,
    )
  })
})
