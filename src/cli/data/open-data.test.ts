import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildZip } from '../../../test/zip-builder.ts'
import { writeSafetensors } from '../../codec/safetensors.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import type { DataOptions } from '../data-options.ts'
import type { InputSpec } from './model-inputs.ts'
import { openData } from './open-data.ts'

const PAIR: readonly InputSpec[] = [
  { name: 'ids', dtype: 'int64', shape: ['batch', 3] },
  { name: 'mask', dtype: 'float32', shape: ['batch', 3] },
]
const IMAGE: readonly InputSpec[] = [{ name: 'image', dtype: 'float32', shape: [2, 1, 4] }]

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-data-'))
})
afterAll(() => rm(folder, { recursive: true }))

const counted = (dtype: DType, shape: readonly number[]) =>
  fromValues(
    dtype,
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => i),
  )

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function open(inputs: readonly InputSpec[], options: DataOptions) {
  const warnings: string[] = []
  const set = await openData(inputs, options, { warn: (message) => warnings.push(message) })
  const shapes = set?.batches.map((batch) => batch.map(({ dtype, shape }) => `${dtype} [${shape}]`).join(' '))
  return { set, shapes, warnings }
}

const safetensors = (arrays: Record<string, ReturnType<typeof counted>>) =>
  writeSafetensors(Object.entries(arrays))

describe('openData()', () => {
  it('takes samples along the first axis, by names, and leaves out what no input has', async () => {
    const arrays = {
      mask: counted('float16', [5, 3]),
      ids: counted('int32', [5, 3]),
      labels: counted('int64', [5]),
    }
    const path = await file('pair.safetensors', safetensors(arrays))
    const { set, shapes } = await open(PAIR, { data: [path], batchSize: 2 })
    expect(shapes).toEqual([
      'int64 [2,3] float32 [2,3]',
      'int64 [2,3] float32 [2,3]',
      'int64 [1,3] float32 [1,3]',
    ])
    expect(Array.from((await set?.batches[2]?.[1]?.data()) ?? [], Number)).toEqual([12, 13, 14])
    expect(set).toMatchObject({ origin: path, isRandom: false })
  })

  it('fills batches of a fixed size, and warns of samples that are left', async () => {
    const path = await file('image.safetensors', safetensors({ anything: counted('float32', [5, 1, 4]) }))
    const { shapes, warnings } = await open(IMAGE, { data: [path] })
    expect(shapes).toEqual(['float32 [2,1,4]', 'float32 [2,1,4]'])
    expect(warnings).toEqual([`1 samples of "${path}" do not fill a batch of 2 and are left out`])
  })

  it('takes batches along one more axis, and a whole input with each of them', async () => {
    const inputs: readonly InputSpec[] = [...IMAGE, { name: 'rate', dtype: 'int64', shape: [] }]
    const arrays = { image: counted('float32', [3, 2, 1, 4]), rate: counted('int64', []) }
    const path = await file('stacked.safetensors', safetensors(arrays))
    expect((await open(inputs, { data: [path], samples: 2 })).shapes).toEqual([
      'float32 [2,1,4] int64 []',
      'float32 [2,1,4] int64 []',
    ])
  })

  it('reads .npy, .npz and a folder of files in the order of their names', async () => {
    const header = (descr: string, shape: string) =>
      `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`
    const npy = (text: string, data: Uint8Array) =>
      Uint8Array.of(
        0x93,
        0x4e,
        0x55,
        0x4d,
        0x50,
        0x59,
        1,
        0,
        text.length,
        0,
        ...new TextEncoder().encode(text),
        ...data,
      )
    const array = npy(header('<f4', '(2, 1, 4)'), counted('float32', [2, 1, 4]).bytes)
    const { mkdir } = await import('node:fs/promises')
    await mkdir(join(folder, 'arrays'))
    await file('arrays/b.npy', array)
    await file('arrays/a.npz', buildZip([{ name: 'image.npy', content: array }]))
    await file('arrays/notes.md', 'no data')
    expect((await open(IMAGE, { data: [join(folder, 'arrays')] })).shapes).toHaveLength(2)
  })

  it('reads a line of JSON as one batch', async () => {
    const path = await file(
      'pair.jsonl',
      '{"ids": [[1, 2, 3]], "mask": [[1, 1, 0]], "label": "cat"}\n\n{"ids": [4, 5, 6], "mask": [1, 1, 1]}\n',
    )
    expect((await open(PAIR, { data: [path] })).shapes).toEqual([
      'int64 [1,3] float32 [1,3]',
      'int64 [1,3] float32 [1,3]',
    ])
  })

  it('calls the async generator that a module exports', async () => {
    const path = await file(
      'batches.mjs',
      'export default async function* ({ inputs }) {\n' +
        '  for (const n of [1, 2]) yield { [inputs[0].name]: [[n, n, n]], mask: [Float32Array.of(1, 1, 1)] }\n}\n',
    )
    const { set, shapes } = await open(PAIR, { data: [path] })
    expect(shapes).toEqual(['int64 [1,3] float32 [1,3]', 'int64 [1,3] float32 [1,3]'])
    expect(Array.from((await set?.batches[1]?.[0]?.data()) ?? [], Number)).toEqual([2, 2, 2])
  })

  it('makes random numbers only when asked, the same each time, and says so', async () => {
    const options = { random: 2, sizes: 'batch=4' }
    const { set, shapes } = await open(PAIR, options)
    expect(shapes).toEqual(['int64 [4,3] float32 [4,3]', 'int64 [4,3] float32 [4,3]'])
    expect(set).toMatchObject({ origin: '2 batches of random numbers', isRandom: true })
    const again = await open(PAIR, options)
    expect(await set?.batches[0]?.[1]?.data()).toEqual(await again.set?.batches[0]?.[1]?.data())
    expect((await open(PAIR, {})).set).toBeUndefined()
  })

  it('makes masks of ones and types of zeros, which every model of text takes', async () => {
    const names = ['input_ids', 'attention_mask', 'token_type_ids']
    const inputs = names.map((name): InputSpec => ({ name, dtype: 'int64', shape: [1, 4] }))
    const { set } = await open(inputs, { random: 1 })
    const [ids, mask, types] = await Promise.all((set?.batches[0] ?? []).map((input) => input.data()))
    expect([mask, types]).toEqual([new BigInt64Array(4).fill(1n), new BigInt64Array(4)])
    expect(new Set(Array.from(ids ?? [], Number)).size).toBeGreaterThan(1)
  })

  it.each([
    [
      'a missing name',
      'names.safetensors',
      safetensors({ ids: counted('int64', [1, 3]), masks: counted('float32', [1, 3]) }),
      'for the input "mask": expected float32 [batch, 3], got only "ids", "masks"',
    ],
    [
      'another dtype',
      'dtype.safetensors',
      safetensors({ ids: counted('float32', [1, 3]), mask: counted('float32', [1, 3]) }),
      'for the input "ids": expected int64 [batch, 3], got float32 [1, 3]',
    ],
    [
      'another shape',
      'shape.safetensors',
      safetensors({ ids: counted('int64', [1, 4]), mask: counted('float32', [1, 3]) }),
      'for the input "ids": expected int64 [batch, 3], got int64 [1, 4]',
    ],
    [
      'numbers of batches that differ',
      'count.safetensors',
      safetensors({ ids: counted('int64', [30, 3]), mask: counted('float32', [20, 3]) }),
      'for the input "mask": expected float32 [batch, 3], got 3 batches where another input has 4',
    ],
    [
      'text',
      'text.jsonl',
      '{"ids": ["a"], "mask": [1]}',
      'for the input "ids": expected int64 [batch, 3], got a list',
    ],
    [
      'ragged lists',
      'ragged.jsonl',
      '{"ids": [[1, 2, 3], [1]], "mask": [[1, 1, 1]]}',
      'got what makes no tensor',
    ],
    ['half a line', 'half.jsonl', '{"ids": [[', 'half.jsonl:1": expected one JSON value, got '],
    ['a bare list', 'bare.jsonl', '[1, 2, 3]', 'expected an object with "ids", "mask", got a list'],
    ['nothing', 'nothing.jsonl', '\n', 'expected at least one batch, got none'],
    [
      'a module without batches',
      'none.mjs',
      'export const x = 1',
      'or returns an iterable of batches, got none',
    ],
    ['a module that does not parse', 'broken.mjs', 'export {', 'broken.mjs": expected a module, got '],
    ['another ending', 'data.csv', 'a,b', 'or a folder, got ".csv"'],
  ])('rejects %s', async (_, name, content, message) => {
    const path = await file(name, content)
    await expect(open(PAIR, { data: [path] })).rejects.toThrow(message)
  })

  it('knows pictures whose channels stand at the other end', async () => {
    const inputs: readonly InputSpec[] = [{ name: 'x', dtype: 'float32', shape: ['n', 3, 8, 6] }]
    const path = await file('last.safetensors', safetensors({ x: counted('float32', [1, 8, 6, 3]) }))
    await expect(open(inputs, { data: [path] })).rejects.toThrow(
      `Cannot use "${path}" for the input "x": expected float32 [n, 3, 8, 6], got float32 [1, 8, 6, 3]\n` +
        'Hint: the channels stand last; the model takes them in front',
    )
  })
})
