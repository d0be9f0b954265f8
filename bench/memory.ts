/** Peak memory of a QAT step of lowbit, in a process of its own. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BenchModel } from './rival.ts'
import { configure, makeWorkload } from './workloads.ts'

/** Largest resident size, in bytes, of a fresh process that runs QAT steps of a model. */
export function timeMemory(model: BenchModel): number {
  const script = fileURLToPath(import.meta.url)
  const { stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, script, model], {
    encoding: 'utf8',
  })
  const bytes = Number(stdout.trim().split('\n').at(-1))
  if (Number.isFinite(bytes) && bytes > 0) return bytes
  throw new RangeError(
    `Cannot measure the memory of "${model}": expected a number of bytes, got ${JSON.stringify(stdout + stderr)}`,
  )
}

/** Largest resident size of this process. The system's figure for children may hold what the parent had. */
function peakBytes(): number {
  const { maxRSS } = process.resourceUsage()
  if (process.platform !== 'linux') return maxRSS * 1024
  const mark = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Number(mark ?? maxRSS) * 1024
}

/** Lets the largest resident size begin anew, where the system can: prepare() is no part of a step, on the rival's side neither. */
function resetPeak(): void {
  try {
    if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // A system that forbids it counts prepare() as well.
  }
}

const [, script, model] = process.argv
if (script === fileURLToPath(import.meta.url)) {
  configure()
  await using workload = await makeWorkload(model as BenchModel, 'qat_step')
  resetPeak()
  for (let i = 0; i < 3; i++) await workload.run()
  console.log(peakBytes())
  process.exit(0)
}
