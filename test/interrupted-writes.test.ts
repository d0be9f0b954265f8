import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
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
import { listProgram } from './list-program.ts'

/** Children at a time. */
const LANES = 3
const SCRIPT = fileURLToPath(new URL('write-until-killed.mjs', import.meta.url))

/** Starts a writer and kills it some moments after its first file is there. */
async function writeAndKill(path: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [SCRIPT, path], {
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
  if (path.endsWith('.mlpackage')) for (const values of packageTensors(path)) add(values)
  else if (path.endsWith('.onnx')) for (const values of onnxTensors(path)) add(values)
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

/** The bias, which is in the program, and the weight, which is in a file of its own. */
function packageTensors(path: string): Float32Array[] {
  const folder = wholeFolder(path)
  expect(readdirSync(folder).sort()).toEqual(['Data', 'Manifest.json'])
  JSON.parse(readFileSync(join(folder, 'Manifest.json'), 'utf8'))
  const data = join(folder, 'Data', 'com.apple.CoreML')
  const lines = listProgram(
    readFileSync(join(data, 'model.mlmodel')),
    readFileSync(join(data, 'weights', 'weight.bin')),
  )
  const [, bias, weight] = /bias=float32 \[8\] ([\d ]+), weight=float32 \[8, 2048\] blob 2 0 (\w+)/.exec(
    lines.join(),
  ) ?? ['', '', '']
  const bytes = Uint8Array.from(Buffer.from(weight ?? '', 'hex'))
  return [Float32Array.from(bias?.split(' ') ?? [], Number), new Float32Array(bytes.buffer)]
}

/** No system exchanges two folders in one step: a kill between the two steps leaves the old one, whole, under another name. */
function wholeFolder(path: string): string {
  if (existsSync(path)) return path
  const aside = readdirSync(dirname(path)).filter((name) => name.endsWith('.old'))
  expect(aside).toHaveLength(1)
  return join(dirname(path), aside[0] ?? '')
}

describe('interrupted writes', () => {
  test.each([
    ['model.onnx', 17],
    ['model.pt2', 17],
    ['model.safetensors', 17],
    ['model.mlpackage', 50],
  ])(
    'save() and saveStateDict() leave one whole version of %s when they are killed, %d times',
    { timeout: 300_000 },
    async (name, runs) => {
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
