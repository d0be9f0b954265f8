/**
 * `npm run bench -- [NAME]`: lowbit beside PyTorch eager (float rows) and coreai-opt 0.3.0's prepared model (quantized rows), on two threads, in
 * one run, in turns. Prints the ratio of medians, ours / theirs: below 1 is faster than the rival; and for training steps, apart, what recording,
 * compiling and dispatching take, and what quantization adds to a step. `weights`, `chains` and `onnx` are benchmarks of their own.
 */
import Table from 'cli-table3'
import { chainTable } from './chains.ts'
import { timeMemory } from './memory.ts'
import { timeOnnx } from './onnx.ts'
import { median, overheadTable, quantizationTable, type StepRow } from './overheads.ts'
import { type BenchKind, type BenchModel, Rival } from './rival.ts'
import { timeWeights } from './weights.ts'
import { configure, makeWorkload, type StepTimes, timePrepare } from './workloads.ts'

const KINDS: readonly BenchKind[] = [
  'float_forward',
  'calibration_forward',
  'prepared_forward',
  'qat_step',
  'float_step',
]
/** What is measured of each model. */
const ROWS: Readonly<Record<BenchModel, readonly BenchKind[]>> = {
  digits: [...KINDS, 'eager_qat_step'],
  resnet18: KINDS,
  mobilenet_v2: KINDS,
  transformer: ['float_step', 'qat_step', 'eager_qat_step'],
}
const MODELS = Object.keys(ROWS) as BenchModel[]

/** Rounds of turns, and iterations of each side in a turn, after as many as it takes V8 to compile what runs in each step. */
const ROUNDS = 4
const ITERATIONS = 8
const WARM_UP = 40

interface Measured {
  readonly ours: number[]
  readonly theirs: number[]
  readonly times: readonly StepTimes[]
}

async function measure(rival: Rival | undefined, model: BenchModel, kind: BenchKind): Promise<Measured> {
  await using workload = await makeWorkload(model, kind)
  for (let i = 0; i < WARM_UP; i++) await workload.run()
  await rival?.run(model, kind, WARM_UP)
  const measured: Measured = { ours: [], theirs: [], times: workload.times }
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < ITERATIONS; i++) measured.ours.push(await workload.run())
    measured.theirs.push(...((await rival?.run(model, kind, ITERATIONS)) ?? []))
  }
  return measured
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2)
  const chosen = (name: string) => wanted.length === 0 || wanted.includes(name)
  if (wanted.includes('weights')) {
    await printWeights()
    return
  }
  if (wanted.includes('onnx')) {
    await printOnnx()
    return
  }
  if (wanted.includes('chains')) {
    console.log(chainTable())
    return
  }
  configure()
  await using rival = await Rival.find({ onMissing: (message) => console.log(message) })
  const table = new Table({
    head: ['model', 'what', 'ours ms', 'theirs ms', 'ratio'],
    colAligns: ['left', 'left', 'right', 'right', 'right'],
  })
  const steps: StepRow[] = []
  for (const model of MODELS) {
    for (const kind of ROWS[model]) {
      if (!chosen(kind) && !wanted.includes(model)) continue
      const { times, ...milliseconds } = await measure(rival, model, kind)
      const [ours, theirs] = [median(milliseconds.ours), median(milliseconds.theirs)]
      table.push(row(model, kind, ours, theirs))
      console.log(row(model, kind, ours, theirs).join('  '))
      if (times.length > 0) steps.push({ model, kind, ours, theirs, times, warmUp: WARM_UP })
    }
    if (chosen('prepare') || wanted.includes(model)) table.push(await prepareRow(rival, model))
    if (chosen('memory') || wanted.includes(model)) table.push(await memoryRow(rival, model))
  }
  console.log(table.toString())
  if (steps.length > 0) console.log(`${overheadTable(steps)}\n${quantizationTable(steps)}`)
}

/** Wall time, processor time and memory of weight-only quantization from file to file, and what lowbit's on one thread is of each. */
async function printWeights(): Promise<void> {
  const table = new Table({
    head: [
      '4096 x 11008, file to file',
      'who',
      'ms',
      'ms / GB',
      'CPU ms',
      'peak MiB',
      'lowbit / it, wall',
      'CPU',
      'peak',
    ],
    colAligns: ['left', 'left', ...Array.from({ length: 7 }, () => 'right' as const)],
  })
  const timings = await timeWeights()
  for (const { dtype, matrices, who, sizeBytes, ms, cpuMs, peakBytes } of timings) {
    const ours = timings.find(
      (each) => each.dtype === dtype && each.matrices === matrices && each.who === 'lowbit',
    )
    const ratio = (own: readonly number[] = [], theirs: readonly number[]) =>
      (median(own) / median(theirs)).toFixed(2)
    table.push([
      `${dtype}, ${matrices === 1 ? '1 matrix' : `${matrices} matrices`}`,
      who,
      median(ms).toFixed(0),
      ((median(ms) * 1e9) / sizeBytes).toFixed(0),
      median(cpuMs).toFixed(0),
      (median(peakBytes) / 2 ** 20).toFixed(0),
      ratio(ours?.ms, ms),
      ratio(ours?.cpuMs, cpuMs),
      ratio(ours?.peakBytes, peakBytes),
    ])
  }
  console.log(table.toString())
}

/** Wall time and processor time from an ONNX file to a quantized one, and what lowbit's is of those of onnxruntime's tool for the config, and of its quantize_static. */
async function printOnnx(): Promise<void> {
  const table = new Table({
    head: ['model', 'config', 'time', 'ours ms', 'theirs ms', 'ratio', 'their static ms', 'ratio'],
    colAligns: ['left', 'left', 'left', ...Array.from({ length: 5 }, () => 'right' as const)],
  })
  for (const { model, config, ours, theirs, theirsStatic } of await timeOnnx())
    for (const time of ['wall', 'cpu'] as const) {
      const times = [ours, theirs, theirsStatic].map((side) => median(side[time]))
      const [own = Number.NaN, ...others] = times
      const compared = others.flatMap((other) => [other.toFixed(0), (own / other).toFixed(2)])
      table.push([model, config, time, own.toFixed(0), ...compared])
    }
  console.log(table.toString())
}

async function prepareRow(rival: Rival | undefined, model: BenchModel): Promise<string[]> {
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < 3; round++) {
    ours.push(await timePrepare(model))
    theirs.push(...((await rival?.prepare(model)) ?? []))
  }
  return row(model, 'prepare()', median(ours), median(theirs))
}

async function memoryRow(rival: Rival | undefined, model: BenchModel): Promise<string[]> {
  const ours = timeMemory(model)
  const theirs = (await rival?.memory(model))?.peakBytes ?? Number.NaN
  const [, , a = '', b = '', ratio = ''] = row(model, '', ours / 2 ** 20, theirs / 2 ** 20)
  return [model, 'peak memory of a QAT step, MiB', a, b, ratio]
}

function row(model: string, what: string, ours: number, theirs: number): string[] {
  const ratio = Number.isNaN(theirs) ? '-' : (ours / theirs).toFixed(2)
  return [model, what, ours.toFixed(2), Number.isNaN(theirs) ? '-' : theirs.toFixed(2), ratio]
}

await main()
process.exit(0)
