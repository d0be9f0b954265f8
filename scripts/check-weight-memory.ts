/**
 * Quantizes the weights of a synthetic model of many tensors, file to file, and fails when the process takes more memory than twice the largest tensor and
 * 200 MB. The files are removed afterwards.
 *
 *     npm run build && npx tsx --tsconfig tsconfig.build.json scripts/check-weight-memory.ts [GIB] [THREADS]
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quantizeWeights, Random } from 'lowbit'

const GIB = Number(process.argv[2] ?? 4)
const THREADS = process.argv[3] === undefined ? {} : { threads: Number(process.argv[3]) }
const SHAPE = [4096, 11008] as const
const TENSOR_BYTES = SHAPE[0] * SHAPE[1] * 4
const COUNT = Math.ceil((GIB * 2 ** 30) / TENSOR_BYTES)
const MAX_BYTES = 2 * TENSOR_BYTES + 200e6

/** Writes the model without having it in memory: each row has the values of the first, at another scale. */
async function writeModel(path: string): Promise<void> {
  const entries = Array.from({ length: COUNT }, (_, i) => {
    const data_offsets = [i * TENSOR_BYTES, (i + 1) * TENSOR_BYTES]
    return [`layers.${i}.weight`, { dtype: 'F32', shape: SHAPE, data_offsets }]
  })
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.byteLength))
  const rows = new Random(1).normal(64 * SHAPE[1])
  const file = await open(path, 'w')
  try {
    await file.writeFile(Buffer.concat([length, header]))
    for (let at = 0; at < COUNT * SHAPE[0]; at += 64)
      await file.writeFile(new Uint8Array(rows.map((value) => value * (0.01 + (at % 4096) / 1e6)).buffer))
  } finally {
    await file.close()
  }
}

/** Largest resident size of this process. */
function peakBytes(): number {
  const mark = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Number(mark ?? process.resourceUsage().maxRSS) * 1024
}

const folder = mkdtempSync(join(tmpdir(), 'lowbit-memory-'))
try {
  const source = join(folder, 'model.safetensors')
  await writeModel(source)
  const before = peakBytes()
  const began = performance.now()
  const cpu = process.cpuUsage()
  await quantizeWeights(source, join(folder, 'model.onnx'), { dtype: 'int4', blockSize: 32, ...THREADS })
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - began) / 1e3
  const written = statSync(join(folder, 'model.onnx.data')).size + statSync(join(folder, 'model.onnx')).size
  const peak = peakBytes()
  console.log(
    `${COUNT} tensors, ${(statSync(source).size / 2 ** 30).toFixed(2)} GiB to ${(written / 2 ** 30).toFixed(2)} GiB`,
  )
  console.log(`${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of processors`)
  console.log(
    `peak memory ${(peak / 1e6).toFixed(0)} MB, of which ${(before / 1e6).toFixed(0)} MB before; at most ${(MAX_BYTES / 1e6).toFixed(0)} MB`,
  )
  if (peak > MAX_BYTES) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
