import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError } from './format-error.ts'
import { type JsonNode, parseStrictJson, type StrictJsonOptions } from './strict-json.ts'

const encoder = new TextEncoder()

function parse(text: string, options: Partial<StrictJsonOptions> = {}): JsonNode {
  return parseStrictJson(encoder.encode(text), { format: 'test', ...options })
}

function plain({ value }: JsonNode): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return Object.fromEntries(Array.from(value, ([key, node]) => [key, plain(node)]))
  return value
}

describe('parseStrictJson()', () => {
  it('parseStrictJson() reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(plain(parse(text))).toEqual(JSON.parse(text))
      }),
    )
  })

  it('parseStrictJson() accepts and rejects the texts that JSON.parse accepts and rejects', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      '0',
      '.5',
      'e9',
      ' ',
      'true',
      '\\',
      'u',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('')
        expect([text, outcome(() => parse(text))]).toEqual([text, outcome(() => JSON.parse(text))])
      }),
      { numRuns: 2000 },
    )
  })

  it('parseStrictJson() keeps __proto__ as a key like any other', () => {
    const { value } = parse('{"__proto__": 1}')
    expect(value instanceof Map && value.get('__proto__')?.value).toBe(1)
  })

  it('parseStrictJson() tells where in the file a value begins, in bytes', () => {
    const { value } = parse('{"é": [1, 22]}', { start: 100 })
    const list = value instanceof Map ? value.get('é') : undefined
    expect(list?.offset).toBe(107)
    expect(Array.isArray(list?.value) && list.value.map((item) => item.offset)).toEqual([108, 111])
  })

  it.each([
    ['', 'expected a JSON value, got the end (byte 0)'],
    ['{"a":1,"a":2}', 'expected every key once, got "a" again (byte 7)'],
    ['{a:1}', 'expected a key in quotes, got "a" (byte 1)'],
    ['{"a" 1}', 'expected ":", got "1" (byte 5)'],
    ['{"a":1', 'expected "," or "}", got the end (byte 6)'],
    ['[1 2]', 'expected "," or "]", got "2" (byte 3)'],
    ['[1,]', 'expected a JSON value, got "]" (byte 3)'],
    ['[01]', 'expected a JSON value, got "01" (byte 1)'],
    ['[NaN]', 'expected a JSON value, got "NaN" (byte 1)'],
    ['"ab', 'expected a string that ends, got one without a closing quote (byte 0)'],
    ['"a\nb"', 'expected no control characters in a string, got 0xa (byte 2)'],
    ['"\\x"', 'expected a string of UTF-8 with valid escapes, got another one (byte 0)'],
    ['1 2', 'expected the end of the JSON text, got "2" (byte 2)'],
    ['['.repeat(33), 'expected JSON nested at most 32 deep, got more (byte 32)'],
  ])('parseStrictJson() rejects %s', (text, message) => {
    expect(() => parse(text)).toThrow(`Cannot read test "JSON": ${message}`)
    expect(() => parse(text)).toThrow(FormatError)
  })

  it('parseStrictJson() rejects bytes that are not UTF-8', () => {
    const bytes = Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d)
    expect(() => parseStrictJson(bytes, { format: 'test' })).toThrow(
      'Cannot read test "JSON": expected a string of UTF-8 with valid escapes, got another one (byte 1)',
    )
  })

  it('parseStrictJson() stops at too many values', () => {
    expect(() => parse('[1,2,3]', { maxValues: 3 })).toThrow(
      'Cannot read test "JSON": expected at most 3 JSON values, got more (byte 5)',
    )
  })
})

function outcome(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch {
    return 'rejected'
  }
}
