import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromTypedArray, toTypedArray } from 'lowbit'
import { readEnds, typedFiles } from './inputs/typed-files.ts'
import { packageFolder } from './pictures.ts'
import type { Inputs, Recipe } from './recipe.ts'

/** Bytes from the start and from the end of a file, and what stands where there are none. */
const [LENGTH, PADDING] = [1024, 256]
/** Files that are told apart together. */
const BATCH = 8

/** Magika, which tells the type of a file from its bytes. */
export const magika: Recipe<readonly number[]> = {
  name: 'Magika',
  about:
    'tells what type a file has. Inputs: real files of about thirty types, of this project, its packages and a Python environment; half of each type calibrate, the others test.',
  locate: async (python) => join(folderOf(python), 'model.onnx'),
  async load(python) {
    const config = JSON.parse(await readFile(join(folderOf(python), 'config.min.json'), 'utf8'))
    const labels: readonly string[] = config.target_labels_space
    const files = await typedFiles(python)
    const rows = await Promise.all(
      files.map(async ({ path, type }) => ({ row: await bytesOf(path), label: labels.indexOf(type) })),
    )
    const [even, odd] = [0, 1].map((rest) => batches(rows.filter((_, i) => i % 2 === rest)))
    return {
      calibration: (even ?? []).map(({ inputs }) => inputs),
      test: odd ?? [],
    }
  },
  task: {
    name: 'files told apart',
    measure(samples, outputs) {
      let right = 0
      let count = 0
      for (const [i, { truth }] of samples.entries()) {
        const scores = Object.values(outputs[i] ?? {})[0]
        if (scores === undefined) continue
        const [, width = 1] = scores.shape
        const values = toTypedArray(scores)
        for (const [row, label] of truth.entries()) {
          const own = Array.from(values.slice(row * width, (row + 1) * width), Number)
          if (own.indexOf(Math.max(...own)) === label) right++
          count++
        }
      }
      return right / count
    },
  },
}

interface Row {
  readonly row: Int32Array
  readonly label: number
}

function batches(rows: readonly Row[]): { readonly inputs: Inputs; readonly truth: readonly number[] }[] {
  return Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, i) => {
    const own = rows.slice(i * BATCH, (i + 1) * BATCH)
    const all = new Int32Array(own.length * 2 * LENGTH)
    own.forEach(({ row }, j) => {
      all.set(row, j * 2 * LENGTH)
    })
    return {
      inputs: { bytes: fromTypedArray(all, [own.length, 2 * LENGTH]) },
      truth: own.map(({ label }) => label),
    }
  })
}

/** The first and the last bytes of a file without the white space around them, padded towards the middle. */
async function bytesOf(path: string): Promise<Int32Array> {
  const { start, end } = await readEnds(path)
  const row = new Int32Array(2 * LENGTH).fill(PADDING)
  const isSpace = (byte: number | undefined) =>
    byte !== undefined && (byte === 32 || (byte >= 9 && byte <= 13))
  let from = 0
  while (isSpace(start[from])) from++
  row.set(start.subarray(from, from + LENGTH))
  let to = end.length
  while (isSpace(end[to - 1])) to--
  const last = end.subarray(Math.max(0, to - LENGTH), to)
  row.set(last, 2 * LENGTH - last.length)
  return row
}

/** The folder of the model in the Python package. */
function folderOf(python: string | undefined): string {
  return join(packageFolder(python, 'magika'), 'models', 'standard_v3_3')
}
