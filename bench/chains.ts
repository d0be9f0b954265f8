/** What of prepare() is not the model's first run: capture, annotation and insertion, which `inspect` does too. */
import Table from 'cli-table3'
import { Linear, type Module, Quantizer, ReLU, Sequential, type Tensor, zeros } from 'lowbit'
import { buildModel } from './models.ts'

/** Operations of the chains. */
const LENGTHS = [1_000, 5_000, 20_000] as const
const ROUNDS = 3
const IMAGE = [1, 3, 224, 224] as const

interface Timing {
  readonly what: string
  readonly operations: number
  /** Of the fastest round. */
  readonly ms: number
  /** Of all threads in the fastest round, with the garbage collector's. */
  readonly cpuMs: number
}

/** Time for MobileNet-V2 at 224 x 224 and for chains of more and more operations; linear where the last column stays. */
export function chainTable(): string {
  const table = new Table({
    head: ['prepare() without the first run', 'operations', 'ms', 'CPU ms', 'CPU us / operation'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  })
  const chains = LENGTHS.map((length) => timed('chain of linear and relu', chain(length), zeros([1, 4])))
  for (const { what, operations, ms, cpuMs } of [
    timed('mobilenet_v2 at 224', buildModel('mobilenet_v2').eval(), zeros([...IMAGE])),
    ...chains,
  ]) {
    const each = ((1000 * cpuMs) / operations).toFixed(0)
    table.push([what, String(operations), ms.toFixed(0), cpuMs.toFixed(0), each])
  }
  return table.toString()
}

function chain(length: number): Module {
  const layers = Array.from({ length }, (_, i) => (i % 2 === 0 ? new Linear(4, 4) : new ReLU()))
  return new Sequential(...layers).eval()
}

function timed(what: string, model: Module, input: Tensor): Timing {
  const timings = Array.from({ length: ROUNDS }, (): Timing => {
    const [started, before] = [performance.now(), process.cpuUsage()]
    const { operations } = new Quantizer(model).inspect([input])
    const { user, system } = process.cpuUsage(before)
    const ms = performance.now() - started
    return { what, operations: operations.length, ms, cpuMs: (user + system) / 1000 }
  })
  return timings.reduce((best, timing) => (timing.cpuMs < best.cpuMs ? timing : best))
}
