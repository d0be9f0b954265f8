import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dict, global, int, pickle, storage, tensor, text, tuple } from '../../test/pickle-builder.ts'
import { buildZip, joined, numbers } from '../../test/zip-builder.ts'
import { FormatError } from '../codec/format-error.ts'
import { readSafetensors, writeSafetensors } from '../codec/safetensors.ts'
import { Linear } from '../nn/layers/linear.ts'
import { stateDict } from '../nn/state-dict.ts'
import { fromValues } from '../tensor/from-values.ts'
import { loadStateDictFile, readStateDict } from './read-state-dict.ts'

// Made by scripts/goldens/make_programs.py with PyTorch 2.15.
const GOLDENS = new URL('../../test/goldens/programs/', import.meta.url)
const golden = (name: string) => new URL(name, GOLDENS).pathname
const expected = new Map(
  [...readSafetensors(readFileSync(golden('programs.safetensors')))].flatMap(([key, array]) =>
    key.startsWith('state.') ? [[key.slice('state.'.length), array] as const] : [],
  ),
)

/** A file of torch.save with this pickle and one storage of four floats. */
function saved(
  content: Uint8Array,
  files: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array<ArrayBuffer> {
  const all = { 'data.pkl': content, 'data/0': new Uint8Array(16), ...files }
  return buildZip(Object.entries(all).map(([name, bytes]) => ({ name: `net/${name}`, content: bytes })))
}

/** The same in the form that came before zip. */
function legacy(
  content: Uint8Array,
  keys: readonly string[],
  ...storages: Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const magic = pickle(
    0x8a,
    10,
    Uint8Array.from([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]),
  )
  return joined([
    magic,
    pickle(int(1001)),
    pickle('}'),
    content,
    pickle(']', '(', ...keys.map(text), 'e'),
    ...storages,
  ])
}

const four = joined([numbers([8, 4]), new Uint8Array(16)])
const state = pickle(dict({ weight: tensor([2, 2], [2, 1]) }))

describe('readStateDict()', () => {
  it.each(['state.pth', 'state-legacy.pth'])(
    'readStateDict() reads %s with any layout and dtype',
    async (name) => {
      const read = await readStateDict(golden(name))
      expect(new Set(read.keys())).toEqual(new Set(expected.keys()))
      for (const [key, array] of read) expect(array).toEqual(expected.get(key))
      expect(read.get('head.weight')).toBe(read.get('layer.weight'))
    },
  )

  it('readStateDict() reads bytes and blobs, and safetensors', async () => {
    const bytes = readFileSync(golden('state.pth'))
    expect((await readStateDict(bytes)).size).toBe(expected.size)
    expect((await readStateDict(new Blob([bytes]))).size).toBe(expected.size)
    const array = fromValues('float32', [1], [2])
    expect(await readStateDict(writeSafetensors([['a', array]]))).toEqual(new Map([['a', array]]))
  })

  it('readStateDict() reads the state dict of a checkpoint by its key', async () => {
    const read = await readStateDict(golden('checkpoint.pth'), { key: 'state_dict' })
    expect(read.get('transposed')).toEqual(expected.get('transposed'))
    await expect(readStateDict(golden('checkpoint.pth'))).rejects.toThrow(
      'Cannot read pth "epoch": expected a tensor under a name, got 3\n' +
        "Hint: { key: 'state_dict' } reads the state dict in it",
    )
  })

  it('readStateDict() reads what the other tests are made from', async () => {
    const array = fromValues('float32', [2, 2], [0, 0, 0, 0])
    expect(await readStateDict(saved(state))).toEqual(new Map([['weight', array]]))
    expect(await readStateDict(legacy(state, ['0'], four))).toEqual(new Map([['weight', array]]))
  })

  const os = joined([global('os', 'system'), tuple(text('true')), pickle().subarray(0, 0)])
  it.each<[string, Uint8Array, string]>([
    [
      'a function of Python',
      readFileSync(golden('callable.pth')),
      'expected only tensors and plain values, got "__builtin__.print" (byte',
    ],
    [
      'a command',
      saved(pickle(os, 'R')),
      '"pickle": expected only tensors and plain values, got "os.system" (byte 2)\nHint: save the state dict alone',
    ],
    [
      'a function by its name on the stack',
      saved(pickle(text('builtins'), text('eval'), 0x93)),
      'expected only tensors and plain values, got "builtins.eval"',
    ],
    [
      'the name of a function that is a list',
      saved(pickle(text('torch'), ']', 0x93)),
      'expected the name of a function, got a list of 0',
    ],
    [
      'an instance of a class',
      saved(pickle(new TextEncoder().encode('(ios\nsystem\n'))),
      'expected an instruction that makes tensors and plain values, got 0x69 (byte 3)',
    ],
    [
      'a new object',
      saved(pickle(global('torch', 'Size'), ')', 0x81)),
      'expected an instruction that makes tensors and plain values, got 0x81',
    ],
    [
      'attributes of a tensor',
      saved(pickle(tensor([1], [1]), '}', 'b')),
      'expected attributes of a dictionary, got attributes of a tensor',
    ],
    [
      'a call of a class that may only be named',
      saved(pickle(global('torch', 'FloatStorage'), ')', 'R')),
      'expected a function that may be called, with arguments, got the function torch.FloatStorage',
    ],
    [
      'a call of a text',
      saved(pickle(text('x'), ')', 'R')),
      'expected a function that may be called, with arguments, got "x"',
    ],
    ['an empty pickle', saved(new Uint8Array()), '"pickle": expected 1 more bytes, got 0 (byte 0)'],
    ['a pickle that is cut off', saved(state.subarray(0, 40)), '"pickle": expected'],
    ['nothing on the stack', saved(pickle()), '"pickle": expected a value on the stack, got none (byte 2)'],
    [
      'a value from behind a mark',
      saved(pickle(int(1), '(', 0x85)),
      'expected a value on the stack, got none',
    ],
    ['a tuple without a mark', saved(pickle(int(1), 't')), 'expected a mark on the stack, got none'],
    [
      'a value that was never remembered',
      saved(pickle('h', 7)),
      'expected a remembered value, got none in place 7',
    ],
    [
      'a text longer than the file',
      saved(pickle(numbers([1, 0x58], [4, 0xffffffff]))),
      'expected 4294967295 more bytes, got 1',
    ],
    [
      'a text of 2^64 bytes',
      saved(pickle(joined([numbers([1, 0x8d]), new Uint8Array(8).fill(255)]))),
      'expected a length within the file, got 18446744073709551615',
    ],
    [
      'a text that is no UTF-8',
      saved(pickle(numbers([1, 0x8c], [1, 1], [1, 255]))),
      'expected text in UTF-8, got other bytes',
    ],
    [
      'an integer of 4 GB',
      saved(pickle(numbers([1, 0x8b], [4, 0xffffffff]))),
      'expected an integer of at most 16 bytes, got 4294967295 bytes',
    ],
    [
      'a key without a value',
      saved(pickle('}', '(', text('a'), 'u')),
      'expected a value for every key, got 1 keys and values',
    ],
    [
      'entries of a list',
      saved(pickle(']', '(', text('a'), text('b'), 'u')),
      'expected a dictionary, got a list of 0',
    ],
    ['a list', saved(pickle(']')), '"state dict": expected a dictionary of tensors, got a list of 0'],
    [
      'a number in place of a tensor',
      saved(pickle(dict({ weight: int(3) }))),
      '"weight": expected a tensor under a name, got 3',
    ],
    ['no storage', saved(pickle(text('0'), 'Q')), 'expected the identifier of a storage, got "0"'],
    [
      'a storage of doubles',
      saved(pickle(storage({ type: 'DoubleStorage' }))),
      'expected only tensors and plain values, got "torch.DoubleStorage"',
    ],
    [
      'a storage of two lengths',
      saved(pickle(dict({ a: tensor([1], [1]), b: tensor([1], [1], 0, { length: 9 }) }))),
      'expected the identifier of a storage, got a list of 5',
    ],
    [
      'a storage of length -1',
      saved(pickle(storage({ length: 0xffffffff }))),
      'expected the identifier of a storage',
    ],
    [
      'a storage that is not there',
      saved(pickle(dict({ a: tensor([1], [1], 0, { key: '7' }) }))),
      '"net/data/7": expected an entry of this name, got none',
    ],
    [
      'a storage outside',
      saved(pickle(dict({ a: tensor([1], [1], 0, { key: '../../x' }) }))),
      '"net/data/../../x": expected an entry of this name, got none',
    ],
    [
      'a storage that is too short',
      saved(state, { 'data/0': new Uint8Array(15) }),
      '"net/data/0": expected at least 16 bytes, got 15',
    ],
    [
      'a tensor that reaches too far',
      saved(pickle(dict({ a: tensor([2, 2], [3, 1]) }))),
      '"a": expected a tensor within 16 bytes, got 20 bytes',
    ],
    [
      'an offset that is too far',
      saved(pickle(dict({ a: tensor([1], [1], 4) }))),
      '"a": expected a tensor within 16 bytes, got 20 bytes',
    ],
    [
      'strides below 0',
      saved(pickle(dict({ a: tensor([2], [0xffffffff]) }))),
      'expected an offset, and as many strides as sizes, all of them whole numbers of at least 0',
    ],
    ['fewer strides than sizes', saved(pickle(dict({ a: tensor([2, 2], [1]) }))), 'as many strides as sizes'],
    [
      'much out of one element',
      saved(pickle(dict({ a: tensor([2 ** 20, 2 ** 10], [0, 0]) }))),
      'bytes of tensors, got 4294967296',
    ],
    [
      'big-endian data',
      saved(state, { byteorder: new TextEncoder().encode('big') }),
      '"byteorder": expected "little", got "big"',
    ],
    [
      'a zip without a pickle',
      buildZip([{ name: 'a/b', content: '' }]),
      '"data.pkl": expected an archive of torch.save with one such entry, got 0 of them',
    ],
    [
      'a legacy file that begins otherwise',
      pickle(int(1)),
      '"header": expected the number that torch.save begins with, got 1 (byte 0)',
    ],
    [
      'a legacy file that is cut off',
      legacy(state, ['0'], four.subarray(0, 20)),
      '"0": expected 24 bytes, got 20 (byte',
    ],
    [
      'a legacy storage of another length',
      legacy(state, ['0'], joined([numbers([8, 5]), new Uint8Array(20)])),
      '"0": expected 4 elements, got 5',
    ],
    [
      'a legacy storage that nothing uses',
      legacy(state, ['0', '1'], four, four),
      '"1": expected a storage that a tensor lies in, got none',
    ],
    [
      'a legacy storage that is not there',
      legacy(state, [], four),
      '"0": expected a storage of the file, got none',
    ],
    ['neither of these', new TextEncoder().encode('no tensors at all'), 'Cannot read safetensors'],
  ])('readStateDict() rejects %s', async (_, bytes, message) => {
    const error = await readStateDict(new Uint8Array(bytes)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FormatError)
    expect(String(error)).toContain(message)
  })
})

describe('loadStateDictFile()', () => {
  it('loadStateDictFile() replaces the state of a module', async () => {
    const linear = new Linear(2, 2, { bias: false })
    expect(await loadStateDictFile(linear, saved(state))).toEqual({ missing: [], unexpected: [] })
    expect((await stateDict(linear)).get('weight')).toEqual(fromValues('float32', [2, 2], [0, 0, 0, 0]))
    const extra = saved(pickle(dict({ weight: tensor([2, 2], [2, 1]), other: tensor([1], [1]) })))
    expect(await loadStateDictFile(linear, extra, { strict: false })).toEqual({
      missing: [],
      unexpected: ['other'],
    })
  })
})
