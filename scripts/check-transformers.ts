/**
 * Writes a small classifier of text for transformers.js in each dtype that it has a name for, and lets the library itself load and run the folder, with no
 * network: fails where a file is not found, does not run, or says something else than lowbit does. The library is none of lowbit's dependencies:
 *
 *     npm install --prefix FOLDER @huggingface/transformers
 *     npm run build && npx tsx --tsconfig tsconfig.build.json scripts/check-transformers.ts FOLDER
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  Embedding,
  exportModule,
  LayerNorm,
  Linear,
  Module,
  MultiheadAttention,
  manualSeed,
  save,
  type Tensor,
  tensor,
} from 'lowbit'

const NAMED = '[PAD] [UNK] the a cat dog house runs sleeps barks and very big small old'.split(' ')
const WORDS = [...NAMED, ...Array.from({ length: 128 - NAMED.length }, (_, i) => `word${i}`)]
const TEXTS = ['the cat sleeps', 'a very big dog barks and runs', 'old house']
const WIDTH = 64
/** Presets, with what transformers.js calls the files that they make, and how many decibels of agreement each has to reach. */
const DTYPES = [
  ['w8', 'q8', 30],
  ['w8a8', 'int8', 15],
  ['w8a8-uint8', 'uint8', 15],
  ['w4-block', 'q4', 12],
  ['q4f16', 'q4f16', 12],
] as const
const CLI = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/** Words to two logits, by one layer of attention. */
class Classifier extends Module<[Tensor], Tensor> {
  words: Embedding = new Embedding(WORDS.length, WIDTH)
  attention: MultiheadAttention = new MultiheadAttention(WIDTH, 4, { batchFirst: true })
  norm: LayerNorm = new LayerNorm(WIDTH)
  head: Linear = new Linear(WIDTH, 2)

  override forward(ids: Tensor): Tensor {
    const x = this.words(ids)
    const [mixed] = this.attention(x, x, x)
    return this.head(this.norm(x.add(mixed)).mean(1))
  }
}

/** What the library exports, as far as it is used. */
interface Library {
  readonly env: { allowRemoteModels: boolean; localModelPath: string }
  readonly AutoTokenizer: { from_pretrained(folder: string): Promise<(text: string) => Promise<object>> }
  readonly AutoModelForSequenceClassification: {
    from_pretrained(
      folder: string,
      options: { readonly dtype: string },
    ): Promise<(inputs: object) => Promise<{ readonly logits: { readonly data: Float32Array } }>>
  }
}

const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries(WORDS.map((word, i) => [word, i])),
    unk_token: '[UNK]',
  },
}
const companions = {
  'config.json': { model_type: 'bert', architectures: ['BertForSequenceClassification'] },
  'tokenizer.json': tokenizer,
  'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizer', pad_token: '[PAD]', unk_token: '[UNK]' },
}

function idsOf(text: string): bigint[] {
  return text.split(' ').map((word) => BigInt(WORDS.indexOf(word)))
}

function decibels(expected: readonly number[], got: readonly number[]): number {
  const power = expected.reduce((sum, value) => sum + value ** 2, 0)
  return (
    10 *
    Math.log10(power / expected.reduce((sum, value, i) => sum + (value - (got[i] ?? Number.NaN)) ** 2, 0))
  )
}

async function main(folder: string): Promise<void> {
  const library: Library = await import(
    pathToFileURL(createRequire(join(folder, 'package.json')).resolve('@huggingface/transformers')).href
  )
  const work = mkdtempSync(join(tmpdir(), 'lowbit-transformers-'))
  try {
    Object.assign(library.env, { allowRemoteModels: false, localModelPath: work })
    manualSeed(5)
    const model = new Classifier().eval()
    const logitsOf = async (text: string) => {
      const ids = idsOf(text)
      return Array.from(
        await model(tensor(BigInt64Array.from(ids), { shape: [1, ids.length] })).data(),
        Number,
      )
    }
    const example = tensor(BigInt64Array.from(idsOf('the cat sleeps')), { shape: [1, 3] })
    const captured = exportModule(model, [example], { dynamicShapes: [{ 0: 'batch', 1: 'tokens' }] })
    for (const [name, content] of Object.entries(companions))
      writeFileSync(join(work, name), JSON.stringify(content))
    writeFileSync(
      join(work, 'texts.jsonl'),
      TEXTS.map((text) => JSON.stringify({ input_ids: [idsOf(text).map(Number)] })).join('\n'),
    )
    await save(captured, join(work, 'model.onnx'), { inputNames: ['input_ids'], outputNames: ['logits'] })
    const expected = (await Promise.all(TEXTS.map(logitsOf))).flat()
    for (const [preset, dtype, least] of [...DTYPES, [undefined, 'fp32', 100] as const]) {
      if (preset !== undefined) quantize(work, preset)
      const loaded = await library.AutoModelForSequenceClassification.from_pretrained('laid-out', { dtype })
      const tokenize = await library.AutoTokenizer.from_pretrained('laid-out')
      const got: number[] = []
      for (const text of TEXTS) got.push(...(await loaded(await tokenize(text))).logits.data)
      const agreement = decibels(expected, got)
      console.log(`${dtype}: ${agreement.toFixed(1)} dB`)
      if (!(agreement >= least))
        throw new RangeError(`${dtype}: expected at least ${least} dB, got ${agreement}`)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function quantize(work: string, preset: string): void {
  const data = preset.startsWith('w8a8') ? ['--calibration', join(work, 'texts.jsonl')] : []
  const argv = ['quantize', join(work, 'model.onnx'), '-t', 'transformers.js', '-o', join(work, 'laid-out')]
  const options = ['--preset', preset, '--quiet', ...data]
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...argv, ...options], { encoding: 'utf8' })
  if (status !== 0) throw new RangeError(`lowbit quantize --preset ${preset}: exit code ${status}: ${stderr}`)
}

await main(resolve(process.argv[2] ?? '.'))
process.exit(0)
