import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { FileError } from '../../codec/file-error.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { CommandError } from '../exit-code.ts'
import type { NamedArrays } from './data-request.ts'
import { loadPeer } from './load-peer.ts'
import { formatSpec, type InputSpec } from './model-inputs.ts'

/** Tokens of a line at most, where neither the model nor an option says so. */
const MAX_LENGTH = 512
/** What can be made of text. */
const NAMES = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'] as const

type TextName = (typeof NAMES)[number]

/** How lines are read. */
export interface TextRequest {
  readonly inputs: readonly InputSpec[]
  /** Path of a tokenizer.json; tokenizer_config.json beside it is read too. */
  readonly tokenizer: string
  readonly batchSize: number
  readonly maxLength: number | undefined
  /** Which of the lines that are not empty are taken, by their numbers among them. */
  readonly isWanted: (index: number) => boolean
}

/** Tokens of a line. */
type Encoded = Readonly<Record<TextName, readonly number[]>>

/**
 * Lines of text as inputs of a model, each line a sample: `batchSize` together, padded to the longest of them, or to the length that the model has.
 * @throws CommandError without the package @huggingface/tokenizers, for a damaged tokenizer, and for a model with inputs that text does not give
 */
export async function* readTextLines(
  paths: readonly string[],
  request: TextRequest,
): AsyncGenerator<NamedArrays> {
  const names = checkInputs(request)
  const { encode, padId } = await openTokenizer(request.tokenizer)
  const length = fixedLength(request.inputs)
  const most = Math.min(length ?? MAX_LENGTH, request.maxLength ?? length ?? MAX_LENGTH)
  let waiting: Encoded[] = []
  let from = ''
  let index = 0
  for await (const { origin, line } of linesOf(paths)) {
    if (!request.isWanted(index++)) continue
    if (waiting.length === 0) from = origin
    waiting.push(encode(line, most))
    if (waiting.length < request.batchSize) continue
    yield { origin: from, arrays: padded(waiting, names, length, padId) }
    waiting = []
  }
  if (waiting.length > 0) yield { origin: from, arrays: padded(waiting, names, length, padId) }
}

/** Number of lines that are not empty. */
export async function countLines(paths: readonly string[]): Promise<number> {
  let count = 0
  for await (const _ of linesOf(paths)) count++
  return count
}

async function* linesOf(
  paths: readonly string[],
): AsyncGenerator<{ readonly origin: string; readonly line: string }> {
  for (const path of paths) {
    const stream = createReadStream(path)
    let number = 0
    try {
      for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
        number++
        if (line.trim() !== '') yield { origin: `${path}:${number}`, line }
      }
    } finally {
      stream.destroy()
    }
  }
}

/** The inputs by name and dtype. @throws CommandError for an input that text does not give */
function checkInputs({ inputs }: TextRequest): ReadonlyMap<TextName, InputSpec> {
  const found = new Map<TextName, InputSpec>()
  for (const input of inputs) {
    const name = NAMES.find((each) => each === input.name)
    const isFitting = input.shape.length === 2 && (input.dtype === 'int64' || input.dtype === 'int32')
    if (name === undefined || !isFitting)
      throw new CommandError(
        `Cannot make text for the input "${input.name}": expected one of ${NAMES.join(', ')} as int64 [batch, tokens], got ${formatSpec(input)}\n` +
          'Hint: a module that exports an async generator, or .npz files, bring any inputs',
      )
    found.set(name, input)
  }
  return found
}

/** Tokens that the model takes, where that is a number. */
function fixedLength(inputs: readonly InputSpec[]): number | undefined {
  const sizes = inputs.map(({ shape }) => shape[1])
  return sizes.find((size) => typeof size === 'number')
}

async function openTokenizer(
  path: string,
): Promise<{ readonly encode: (line: string, most: number) => Encoded; readonly padId: number }> {
  const { Tokenizer } = await loadPeer(
    '@huggingface/tokenizers',
    'read text',
    () => import('@huggingface/tokenizers'),
  )
  const content = await readJson(path)
  const configPath = join(dirname(path), basename(path).replace(/tokenizer\.json$/, 'tokenizer_config.json'))
  const config = configPath === path ? {} : await readJson(configPath).catch(() => ({}))
  const tokenizer = open(() => new Tokenizer(content, config), path)
  const padName: unknown = Reflect.get(config, 'pad_token')
  const padId = tokenizer.token_to_id(typeof padName === 'string' ? padName : '[PAD]') ?? padOf(content) ?? 0
  return {
    padId,
    encode(line, most) {
      const encoded = tokenizer.encode(line, { return_token_type_ids: true })
      const cut = (tokens: readonly number[]) => truncated(tokens, most)
      return {
        input_ids: cut(encoded.ids),
        attention_mask: cut(encoded.attention_mask),
        token_type_ids: cut(encoded.token_type_ids),
        position_ids: cut(encoded.ids).map((_, i) => i),
      }
    },
  }
}

/** The first tokens, and the last of all, which ends the text. */
function truncated(tokens: readonly number[], most: number): readonly number[] {
  return tokens.length <= most ? tokens : [...tokens.slice(0, most - 1), ...tokens.slice(-1)]
}

/** What a tokenizer.json pads with. */
function padOf(content: object): number | undefined {
  const padding: unknown = Reflect.get(content, 'padding')
  const id: unknown =
    typeof padding === 'object' && padding !== null ? Reflect.get(padding, 'pad_id') : undefined
  return typeof id === 'number' ? id : undefined
}

async function readJson(path: string): Promise<object> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(`Cannot read "${path}": expected a tokenizer.json, got ${cause.code}`, path, {
      cause,
    })
  })
  const value: unknown = open(() => JSON.parse(text), path)
  if (typeof value === 'object' && value !== null) return value
  throw new CommandError(`Cannot read "${path}": expected a tokenizer.json, got a ${typeof value}`)
}

function open<T>(body: () => T, path: string): T {
  try {
    return body()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`Cannot read "${path}": expected a tokenizer.json, got ${reason}`, undefined, {
      cause,
    })
  }
}

function padded(
  lines: readonly Encoded[],
  names: ReadonlyMap<TextName, InputSpec>,
  length: number | undefined,
  padId: number,
): NamedArrays['arrays'] {
  const width = length ?? Math.max(...lines.map(({ input_ids }) => input_ids.length))
  return new Map(
    Array.from(names, ([name, { dtype }]) => {
      const filler = name === 'input_ids' ? padId : 0
      const values = lines.flatMap((line) => {
        const tokens = line[name]
        return [...tokens, ...Array.from({ length: width - tokens.length }, () => filler)]
      })
      return [name, fromValues(dtype, [lines.length, width], values)] as const
    }),
  )
}
