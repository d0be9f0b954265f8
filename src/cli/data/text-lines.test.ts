import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DataRequest } from './data-request.ts'
import type { InputSpec } from './model-inputs.ts'
import { openData } from './open-data.ts'

const IDS: InputSpec = { name: 'input_ids', dtype: 'int64', shape: ['batch', 'tokens'] }
const MASK: InputSpec = { name: 'attention_mask', dtype: 'int32', shape: ['batch', 'tokens'] }
const TYPES: InputSpec = { name: 'token_type_ids', dtype: 'int64', shape: ['batch', 'tokens'] }

/** Words of a vocabulary by their numbers, between [CLS] and [SEP]. */
const TOKENIZER = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [2], tokens: ['[SEP]'] },
    },
  },
  decoder: null,
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, '[PAD]': 3, a: 4, b: 5, c: 6 },
  },
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-text-'))
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(TOKENIZER))
})
afterAll(() => rm(folder, { recursive: true }))

async function open(inputs: readonly InputSpec[], content: string, request: DataRequest = {}) {
  const path = join(folder, 'lines.txt')
  await writeFile(path, content)
  const set = await openData(inputs, { data: [path], ...request }, { warn: () => undefined })
  const batches = await Promise.all(
    (set?.batches ?? []).map((batch) =>
      Promise.all(batch.map(async (x) => `${x.dtype} [${x.shape}] ${Array.from(await x.data(), Number)}`)),
    ),
  )
  return { set, batches }
}

describe('openData() with lines of text', () => {
  it('makes tokens, a mask and types, padded to the longest of a batch, by the tokenizer beside the text', async () => {
    const { set, batches } = await open([IDS, MASK, TYPES], 'A b\n\nc c c\nx\n', { batchSize: 2 })
    expect(batches).toEqual([
      [
        'int64 [2,5] 1,4,5,2,3,1,6,6,6,2',
        'int32 [2,5] 1,1,1,1,0,1,1,1,1,1',
        'int64 [2,5] 0,0,0,0,0,0,0,0,0,0',
      ],
      ['int64 [1,3] 1,0,2', 'int32 [1,3] 1,1,1', 'int64 [1,3] 0,0,0'],
    ])
    expect(set?.origin).toBe(
      `${join(folder, 'lines.txt')} (3 lines, tokens of ${join(folder, 'tokenizer.json')})`,
    )
  })

  it('pads to the length that a model has, and cuts longer lines before the token that ends them', async () => {
    const fixed: InputSpec = { name: 'input_ids', dtype: 'int64', shape: [1, 4] }
    const { batches } = await open([fixed], 'a\na b c a b c\n')
    expect(batches).toEqual([['int64 [1,4] 1,4,2,3'], ['int64 [1,4] 1,4,5,2']])
    expect((await open([IDS], 'a b c a\n', { maxLength: 3 })).batches).toEqual([['int64 [1,3] 1,4,2']])
  })

  it('takes some of many lines, evenly spread', async () => {
    const { set, batches } = await open([IDS], 'a\nb\nc\na b\n', { samples: 2, batchSize: 1 })
    expect(batches).toEqual([['int64 [1,3] 1,4,2'], ['int64 [1,3] 1,6,2']])
    expect(set?.origin).toContain('(2 of 4 lines, ')
  })

  it('names an input that text does not give', async () => {
    const pixels: InputSpec = { name: 'pixels', dtype: 'float32', shape: ['n', 3] }
    await expect(open([IDS, pixels], 'a')).rejects.toThrow(
      'Cannot make text for the input "pixels": expected one of input_ids, attention_mask, token_type_ids, position_ids as int64 [batch, tokens], got float32 [n, 3]\n' +
        'Hint: a module that exports an async generator, or .npz files, bring any inputs',
    )
  })

  it('says where it looked for a tokenizer', async () => {
    const other = await mkdtemp(join(tmpdir(), 'lowbit-text-'))
    const path = join(other, 'lines.txt')
    await writeFile(path, 'a')
    await expect(openData([IDS], { data: [path] }, { warn: () => undefined })).rejects.toThrow(
      `Cannot read "${path}": expected a tokenizer.json beside the text or the model, got none in ${other}\n` +
        'Hint: --tokenizer names it',
    )
    await rm(other, { recursive: true })
  })

  it.each([
    ['{', 'expected a tokenizer.json, got '],
    ['1', 'expected a tokenizer.json, got a number'],
    ['{"model": {"type": "Unheard"}}', 'expected a tokenizer.json, got '],
  ])('rejects the tokenizer %s', async (content, message) => {
    const tokenizer = join(folder, 'wrong.json')
    await writeFile(tokenizer, content)
    await expect(open([IDS], 'a', { tokenizer })).rejects.toThrow(`Cannot read "${tokenizer}": ${message}`)
  })
})
