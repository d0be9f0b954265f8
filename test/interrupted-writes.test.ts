import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { decodeModel, TensorProto_DataType as OnnxType } from '../src/codec/onnx.ts'
import { readSafetensors } from '../src/codec/safetensors.ts'
import { loadExportedProgram } from '../src/formats/pt2/load-exported-program.ts'
import { stateDict } from '../src/nn/state-dict.ts'
import { toFloat32 } from '../src/tensor/to-float32.ts'

const KILLS = 50
/** Children at a time. */
const LANES = 3
const SCRIPT = fileURLToPath(new URL('write-until-killed.ts', import.meta.url))

/** Starts a writer and kills it some moments after its first file is there. */
async function writeAndKill(path: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), SCRIPT, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await Promise.race([once(child.stdout, 'data'), once(child, 'close')])
  await wait(afterMs)
  expect(child.exitCode, 'the writer runs until it is killed').toBe(null)
  child.kill('SIGKILL')
  await once(child, 'close')
}

/** All numbers of the tensors of a file. */
async function numbersOf(path: string): Promise<Set<number>> {
  const numbers = new Set<number>()
  const add = (values: Float32Array) => {
    for (const value of values) numbers.add(value)
  }
  if (path.endsWith('.onnx')) for (const values of onnxTensors(path)) add(values)
  else if (path.endsWith('.pt2'))
    for (const array of (await stateDict(await loadExportedProgram(path))).values()) add(toFloat32(array))
  else for (const array of readSafetensors(readFileSync(path)).values()) add(toFloat32(array))
  return numbers
}

function onnxTensors(path: string): Float32Array[] {
  const tensors = decodeModel(readFileSync(path)).graph?.initializer ?? []
  const floats = tensors.filter(({ dataType }) => dataType === OnnxType.FLOAT)
  return floats.map(({ externalData, rawData }) => {
    const entries = new Map(externalData.map(({ key, value }) => [key, value]))
    const location = entries.get('location')
    const [offset, length] = [Number(entries.get('offset')), Number(entries.get('length'))]
    const bytes =
      location === undefined
        ? Uint8Array.from(rawData)
        : new Uint8Array(readFileSync(join(dirname(path), location))).slice(offset, offset + length)
    return new Float32Array(bytes.buffer)
  })
}

describe('interrupted writes', () => {
  test.each(['model.onnx', 'model.pt2', 'model.safetensors'])(
    'save() and saveStateDict() leave one whole version of %s when they are killed',
    { timeout: 300_000 },
    async (name) => {
      const runs = Math.ceil(KILLS / 3)
      const lane = async (first: number) => {
        for (let run = first; run < runs; run += LANES) {
          const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
          const path = join(folder, name)
          await writeAndKill(path, Math.random() * 60)
          const numbers = [...(await numbersOf(path))]
          expect(numbers, readdirSync(folder).join(' ')).toHaveLength(1)
          expect(numbers[0]).toBeGreaterThanOrEqual(1)
        }
      }
      await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i)))
    },
  )
})
