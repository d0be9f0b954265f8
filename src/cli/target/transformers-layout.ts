import { copyFile, mkdir, readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { CommandError, ExitCode } from '../exit-code.ts'

/** What transformers.js adds to the name of a file for each of its dtypes, with the preset that makes such a file. */
const DTYPES = [
  { preset: 'w8', dtype: 'q8', suffix: '_quantized' },
  { preset: 'w8a8', dtype: 'int8', suffix: '_int8' },
  { preset: 'w8a8-uint8', dtype: 'uint8', suffix: '_uint8' },
  { preset: 'w4-block', dtype: 'q4', suffix: '_q4' },
  { preset: 'q4f16', dtype: 'q4f16', suffix: '_q4f16' },
] as const

/** Where transformers.js looks for models. */
const FOLDER = 'onnx'

/** What a file is called that is loaded as the only model. */
const USUAL_NAME = 'model'

/** Names of the parts of models that have several. */
const PART =
  /^(model|(\w+_)?(encoder|decoder)(_\w+)?|embed_tokens|prepare_inputs_embeds|vision_\w+|text_\w+|audio_\w+|language_model|lm_head|gen_\w+|image_decode)$/

/** Files beside a model that transformers.js reads. */
const COMPANION =
  /^((config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|generation_config|preprocessor_config|processor_config|vocab|chat_template)\.json|vocab\.txt|merges\.txt|chat_template\.jinja|[\w.-]*\.model|[\w.-]*\.tiktoken)$/

/** A file in the layout of transformers.js. */
export interface TransformersFile {
  /** What is written. */
  readonly path: string
  /** The folder of the whole model, which transformers.js is given. */
  readonly folder: string
  /** What transformers.js calls the file's dtype. */
  readonly dtype: string
  /** Name of the file without the suffix of a dtype. */
  readonly name: string
}

/**
 * Where transformers.js looks for a quantized form of a model. A model that is in such a layout already keeps its folder.
 * @param preset name of a preset; undefined for a config of one's own, which is written as q8
 * @throws CommandError for a preset that transformers.js has no name for
 */
export function transformersFile(
  modelPath: string,
  preset: string | undefined,
  folder: string | undefined,
): TransformersFile {
  const found = DTYPES.find((each) => each.preset === (preset ?? 'w8'))
  if (found === undefined)
    throw new CommandError(
      `Cannot write the preset "${preset}" for transformers.js: expected one of ${DTYPES.map((each) => each.preset).join(', ')}, got "${preset}"\n` +
        'Hint: the library finds files by its own dtypes, and has none for this one',
      ExitCode.usage,
    )
  const stem = basename(modelPath, extname(modelPath))
  const plain = stem.replace(/_(fp16|int8|uint8|quantized|q4|q4f16|bnb4)$/, '')
  const name = PART.test(plain) ? plain : USUAL_NAME
  const isLaidOut = basename(dirname(modelPath)) === FOLDER
  const root =
    folder ?? (isLaidOut ? dirname(dirname(modelPath)) : join(dirname(modelPath), `${stem}-transformers`))
  return { path: join(root, FOLDER, `${name}${found.suffix}.onnx`), folder: root, dtype: found.dtype, name }
}

/**
 * Copies what transformers.js needs besides the quantized file, where it lies beside the source and not in the layout yet: configs, the tokenizer's files, and the float model
 * itself, which is what a page with WebGPU loads unless it names a dtype.
 * @returns what is missing, for people
 */
export async function copyCompanions(
  modelPath: string,
  { path, folder, name }: TransformersFile,
  hasExternalData: boolean,
): Promise<string[]> {
  const beside = dirname(modelPath)
  const sources = basename(beside) === FOLDER ? [dirname(beside), beside] : [beside]
  for (const source of sources)
    for (const file of await readdir(source))
      if (COMPANION.test(file)) await copyMissing(join(source, file), join(folder, file))
  const missing: string[] = []
  if (!(await isFile(join(folder, 'config.json'))))
    missing.push(
      'transformers.js needs a config.json, and none lies beside the model: put one into the folder',
    )
  const isCopied = extname(modelPath).toLowerCase() === '.onnx' && !hasExternalData
  if (isCopied) await copyMissing(modelPath, join(folder, FOLDER, `${name}.onnx`))
  else
    missing.push(
      `the float model is not copied to ${FOLDER}/${name}.onnx: name a dtype when you load the model`,
    )
  if (await isFile(`${path}_data`))
    missing.push('tensors are in a second file: load the model with { use_external_data_format: true }')
  return missing
}

async function copyMissing(from: string, to: string): Promise<void> {
  if (await isFile(to)) return
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  )
}
