/** Weight-only quantization from file to file: of one matrix beside torchao and the reference, and of several, on one thread and on two. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromTypedArray, quantizeWeights, Random, writeSafetensors } from 'lowbit'
import { exists } from '../scripts/virtual-environment.ts'
import { venvPython } from './environment.ts'

const SHAPE = [4096, 11008] as const
const ROUNDS = 4
const RIVALS = ['torchao', 'coreai-opt'] as const
/** What lowbit is called on some threads. */
const OURS: ReadonlyMap<string, number> = new Map([
  ['lowbit', 1],
  ['lowbit, 2 threads', 2],
])
const DTYPES = ['int8', 'int4'] as const
const BLOCK_SIZE = 32
/** Beside one, which is done before a second thread has started to work. */
const MANY = 8

/** One way to quantize, and what it took in each round. */
export interface WeightTiming {
  readonly dtype: string
  /** How many matrices the file has. */
  readonly matrices: number
  readonly who: string
  /** Bytes of the source. */
  readonly sizeBytes: number
  readonly ms: readonly number[]
  /** Of all threads, with reading and writing. */
  readonly cpuMs: readonly number[]
  /** Largest resident size of the process. */
  readonly peakBytes: readonly number[]
}

interface Measured {
  readonly ms: number
  readonly cpuMs: number
  readonly peakBytes: number
}

/** Times all ways on files of one matrix and of several, each in a process of its own, in turns. */
export async function timeWeights(): Promise<WeightTiming[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-bench-'))
  try {
    const rivals = (await exists(venvPython)) ? RIVALS : []
    const values = fromTypedArray(matrix(), [...SHAPE])
    const timings: WeightTiming[] = []
    for (const matrices of [1, MANY]) {
      const source = join(folder, `weights-${matrices}.safetensors`)
      const tensors = Array.from({ length: matrices }, (_, i) => [`weight_${i}`, values] as const)
      writeFileSync(source, writeSafetensors(tensors))
      const everyone = [...OURS.keys(), ...(matrices === 1 ? rivals : [])]
      for (const dtype of DTYPES) timings.push(...timeDType(folder, source, dtype, matrices, everyone))
      rmSync(source)
    }
    return timings
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function timeDType(
  folder: string,
  source: string,
  dtype: string,
  matrices: number,
  everyone: readonly string[],
): WeightTiming[] {
  const all = new Map<string, Measured[]>(everyone.map((who) => [who, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const who of everyone) {
      const output = join(folder, `${who}-${round}`)
      mkdirSync(output)
      all.get(who)?.push(measureOne(who, dtype, source, output))
      rmSync(output, { recursive: true, force: true })
    }
  }
  return Array.from(all, ([who, times]) => ({
    dtype,
    matrices,
    who,
    sizeBytes: matrices * SHAPE[0] * SHAPE[1] * Float32Array.BYTES_PER_ELEMENT,
    ms: times.map(({ ms }) => ms),
    cpuMs: times.map(({ cpuMs }) => cpuMs),
    peakBytes: times.map(({ peakBytes }) => peakBytes),
  }))
}

function measureOne(who: string, dtype: string, source: string, output: string): Measured {
  const threads = OURS.get(who)
  if (threads === undefined) {
    const script = fileURLToPath(new URL('rival_weights.py', import.meta.url))
    return measured(venvPython, ['-B', script, who, dtype, source, join(output, 'weights.safetensors')])
  }
  const script = [...process.execArgv, fileURLToPath(import.meta.url)]
  return measured(process.execPath, [...script, dtype, source, join(output, 'weights.onnx'), String(threads)])
}

function measured(command: string, args: readonly string[]): Measured {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  const line = stdout.trim().split('\n').at(-1) ?? ''
  if (line.startsWith('{')) return JSON.parse(line)
  throw new RangeError(`Cannot measure "${args.join(' ')}": expected a line of JSON, got ${stdout}${stderr}`)
}

/** Weights as networks have them. */
function matrix(): Float32Array<ArrayBuffer> {
  return new Random(1).normal(SHAPE[0] * SHAPE[1]).map((value) => value * 0.02)
}

/** Largest resident size of this process. */
function peakBytes(): number {
  const mark = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Number(mark ?? process.resourceUsage().maxRSS) * 1024
}

const [, script, dtype, source, target, threads] = process.argv
if (script === fileURLToPath(import.meta.url) && source !== undefined && target !== undefined) {
  const layout = dtype === 'int4' ? ({ dtype, blockSize: BLOCK_SIZE } as const) : {}
  const began = performance.now()
  const cpu = process.cpuUsage()
  await quantizeWeights(source, target, { ...layout, threads: Number(threads) })
  const { user, system } = process.cpuUsage(cpu)
  const ms = performance.now() - began
  console.log(JSON.stringify({ ms, cpuMs: (user + system) / 1000, peakBytes: peakBytes() }))
}
