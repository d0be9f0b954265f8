/** `npm run bench -- onnx`: `lowbit quantize` beside onnxruntime.quantization, from file to file with the same data, each in a process of its own, in turns. */

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findPython } from '../scripts/models/environment.ts'
import { magika } from '../scripts/models/magika.ts'
import { type ConfigName, Workbench } from '../scripts/models/measure.ts'
import { ocrDetector } from '../scripts/models/ocr-detector.ts'
import type { Recipe } from '../scripts/models/recipe.ts'

const ROUNDS = 4
const LOWBIT = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const RIVAL = fileURLToPath(new URL('../scripts/models/rival.py', import.meta.url))
const run = promisify(execFile)

const CASES: readonly (readonly [Recipe, ConfigName])[] = [
  [ocrDetector, 'w8a8'],
  [magika, 'w8a8'],
  [ocrDetector, 'w8'],
  [magika, 'w8'],
  [magika, 'w4-block'],
]

/** Milliseconds of whole processes, start-up included. */
export interface ProcessTimes {
  readonly wall: number[]
  readonly cpu: number[]
}

/** What a model takes. */
export interface OnnxTimes {
  readonly model: string
  readonly config: ConfigName
  readonly ours: ProcessTimes
  /** Its tool for the config: quantize_static, quantize_dynamic or MatMulNBitsQuantizer. */
  readonly theirs: ProcessTimes
  /** Its quantize_static with calibration data, whatever the config. */
  readonly theirsStatic: ProcessTimes
}

/** Times both sides in turns. @throws RangeError without the Python environment of `npm run models -- --setup` */
export async function timeOnnx(): Promise<OnnxTimes[]> {
  const python = await findPython()
  if (python === undefined)
    throw new RangeError(
      'Cannot time onnxruntime.quantization: expected a Python environment, got none\nHint: npm run models -- --setup',
    )
  const folder = await mkdtemp(join(tmpdir(), 'lowbit-bench-'))
  const times: OnnxTimes[] = []
  for (const [recipe, config] of CASES) {
    const bench = await Workbench.open(recipe, python)
    const [ours, theirs] = [noTimes(), noTimes()]
    const theirsStatic = config === 'w8a8' ? theirs : noTimes()
    for (let round = 0; round < ROUNDS; round++) {
      await timed(ours, () => quantizeHere(bench, config, folder))
      await timed(theirs, () => quantizeThere(bench, config, folder, python))
      if (theirsStatic !== theirs)
        await timed(theirsStatic, () => quantizeThere(bench, 'w8a8', folder, python))
    }
    times.push({ model: recipe.name, config, ours, theirs, theirsStatic })
  }
  await rm(folder, { recursive: true })
  return times
}

function noTimes(): ProcessTimes {
  return { wall: [], cpu: [] }
}

async function timed(side: ProcessTimes, body: () => Promise<number>): Promise<void> {
  const started = performance.now()
  side.cpu.push(await body())
  side.wall.push(performance.now() - started)
}

/** @returns milliseconds of processor time of all threads */
async function quantizeHere(
  { model, calibration }: Workbench,
  config: ConfigName,
  folder: string,
): Promise<number> {
  const report = join(folder, 'cpu')
  const hook = `process.on('exit', () => { const { user, system } = process.cpuUsage(); process.getBuiltinModule('node:fs').writeFileSync(${JSON.stringify(report)}, String((user + system) / 1000)) })`
  const data = config === 'w8a8' ? ['--calibration', calibration] : []
  const argv = [
    'quantize',
    model,
    '-p',
    config,
    ...data,
    '-o',
    join(folder, 'ours.onnx'),
    '-f',
    '-q',
    '--no-measure',
  ]
  await run(process.execPath, [
    '--import',
    `data:text/javascript,${encodeURIComponent(hook)}`,
    LOWBIT,
    ...argv,
  ])
  return Number(await readFile(report, 'utf8'))
}

async function quantizeThere(
  { model, calibration }: Workbench,
  config: ConfigName,
  folder: string,
  python: string,
): Promise<number> {
  const { stdout } = await run(
    python,
    ['-B', RIVAL, config, model, join(folder, 'theirs.onnx'), calibration],
    {
      maxBuffer: 2 ** 26,
    },
  )
  return 1000 * Number(JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}').cpuSeconds)
}
