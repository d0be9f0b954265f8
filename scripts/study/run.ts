/**
 * `npm run study -- [WORD...] [--again]`: what quantization costs and what training with it gives back, for docs/accuracy.md.
 *
 * A word is a task (digits, text, parity), a config (float, w8a8, fp8, w4a8, fp4, w2), a mode (graph, eager) or a seed (1, 2, 3); only what they name is
 * measured, and what is in docs/accuracy.json already is left out unless `--again` is given. The tables are written in any case.
 */
import { closeEngine, configureEngine } from 'lowbit'
import { loadDigits } from '../../examples/digits/data.ts'
import { writeAccuracyPage } from './accuracy-page.ts'
import { CONFIGS, MODES, SEEDS } from './config-names.ts'
import { digitsTask } from './digits-task.ts'
import { Figures } from './figures.ts'
import { measureFloat, measureQuantized } from './measure.ts'
import { parityRun } from './parity-run.ts'
import { TASKS, type Task, type TaskName } from './task.ts'
import { textTask } from './text-task.ts'

const AGAIN = '--again'
const FLOAT = 'float'
const PARITY = 'parity'
const GROUPS: readonly (readonly string[])[] = [
  [...TASKS, PARITY],
  [FLOAT, ...CONFIGS],
  MODES,
  SEEDS.map(String),
]
const THREADS = 2

const words = process.argv.slice(2)
for (const word of words) {
  const known = [...GROUPS.flat(), AGAIN]
  if (!known.includes(word))
    throw new RangeError(`Cannot study "${word}": expected one of ${known.join(', ')}, got "${word}"`)
}

/** Whether a name is asked for: it is, or nothing of its kind is. */
function isWanted(name: string): boolean {
  const group = GROUPS.find((names) => names.includes(name)) ?? []
  return words.includes(name) || !group.some((other) => words.includes(other))
}

async function study(name: TaskName, figures: Figures): Promise<void> {
  const task: Task = name === 'digits' ? await digitsTask() : await textTask()
  const again = words.includes(AGAIN)
  for (const seed of SEEDS.filter((number) => isWanted(String(number)))) {
    if (isWanted(FLOAT) && (again || figures.float(name, seed) === undefined)) {
      const measured = await timed(`${name} float, seed ${seed}`, (say) => measureFloat(task, seed, say))
      figures.setFloat(name, seed, measured)
    }
    for (const config of CONFIGS.filter(isWanted)) {
      for (const mode of MODES.filter(isWanted)) {
        if (!again && figures.quantized(name, config, mode, seed) !== undefined) continue
        const measured = await timed(`${name} ${config} ${mode}, seed ${seed}`, (say) =>
          measureQuantized(task, config, mode, seed, say),
        )
        figures.setQuantized(name, config, mode, seed, measured)
      }
    }
  }
}

/** Goes through the trainings that Python went through, from the same weights. */
async function studyParity(figures: Figures): Promise<void> {
  const digits = await loadDigits()
  for (const seed of SEEDS.filter((number) => isWanted(String(number)))) {
    for (const mode of MODES.filter(isWanted)) {
      if (!words.includes(AGAIN) && figures.parity(mode, seed) !== undefined) continue
      const { accuracy } = await timed(`parity ${mode}, seed ${seed}`, () => parityRun(digits, seed, mode))
      figures.setParity(mode, seed, { accuracy })
    }
  }
}

/** Measures, with progress where there is a terminal, and prints what came out and how long it took. */
async function timed<T>(
  title: string,
  body: (say: (done: number, total: number, loss: number) => void) => Promise<T>,
): Promise<T> {
  const started = performance.now()
  const result = await body((done, total, loss) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${title}: ${done}/${total}, loss ${loss.toFixed(3)}  `)
  })
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  console.log(
    `${title}: ${JSON.stringify(result, withoutLosses)} (${((performance.now() - started) / 1000).toFixed(1)} s)`,
  )
  return result
}

function withoutLosses(key: string, value: unknown): unknown {
  return key === 'losses' ? undefined : value
}

configureEngine({ threads: THREADS })
const figures = new Figures()
for (const name of TASKS.filter(isWanted)) await study(name, figures)
if (isWanted(PARITY)) await studyParity(figures)
await closeEngine()
writeAccuracyPage(figures)
