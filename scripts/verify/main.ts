/**
 * `npm run verify:python [-- FOLDER...]`: writes models for each backend and lets Python's tools judge the files. FOLDER holds programs with inputs
 * (`<name>/model.pt2`, `<name>/inputs.safetensors`) to verify beside the built-in models. Prints `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { closeEngine, ExportBackend } from 'lowbit'
import { outputFolder, verifyPython } from './environment.ts'
import { builtModels, programsIn, type VerifiedModel } from './models.ts'
import { writeFiles } from './write-files.ts'

/** What a script says of one file. */
interface Verdict {
  readonly id: string
  readonly passed: boolean
  readonly detail: string
}

/** The script that judges the files of each backend. */
const SCRIPTS: ReadonlyMap<ExportBackend, string> = new Map([
  [ExportBackend.ONNX, 'check_onnx.py'],
  [ExportBackend.CoreAI, 'check_coreai.py'],
  [ExportBackend.CoreML, 'check_coreml.py'],
])

/** Runs a script on a folder and hands on its verdicts, one JSON object a line. */
async function judge(
  python: string,
  script: string,
  folder: string,
  onVerdict: (verdict: Verdict) => void,
): Promise<void> {
  const child = spawn(python, ['-B', '-W', 'ignore', script, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000)
  })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith('{')) onVerdict(JSON.parse(line))
  const code = await closed
  if (code !== 0) onVerdict({ id: script, passed: false, detail: `exit code ${code}: ${errors}` })
}

async function main(): Promise<boolean> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { backend: { type: 'string', multiple: true }, model: { type: 'string', multiple: true } },
  })
  const python = await verifyPython()
  const all: readonly VerifiedModel[] = [...builtModels(), ...positionals.flatMap(programsIn)]
  const models = all.filter(({ name }) => values.model?.includes(name) ?? true)
  let passed = 0
  let failed = 0
  const count = (backend: string, { id, passed: isPassed, detail }: Verdict) => {
    if (isPassed) passed++
    else failed++
    if (!isPassed) console.log(`FAILED ${backend} ${id}: ${detail}`)
  }
  for (const [backend, name] of SCRIPTS) {
    const script = fileURLToPath(new URL(name, import.meta.url))
    if (!(values.backend?.includes(backend) ?? true) || !existsSync(script)) continue
    const folder = join(outputFolder, backend)
    await rm(folder, { recursive: true, force: true })
    for (const { id, detail } of await writeFiles(folder, backend, models))
      count(backend, { id, passed: false, detail })
    const before = passed + failed
    await judge(python, script, folder, (verdict) => count(backend, verdict))
    console.log(`${backend}: ${passed + failed - before} files judged`)
  }
  closeEngine()
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0
}

process.exit((await main()) ? 0 : 1)
