import { type AnyModule, F, Parameter, SGD, type Tensor } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { Divergence } from '../divergence.ts'
import type { CaseInputs } from './graph-case.ts'
import { compareClosely, compareOutput, numbersOf, type OutputRule } from './graph-numbers.ts'
import { compareDicts } from './recorded-dicts.ts'

/** What qat.json says of a training. */
export interface RecordedTraining {
  readonly lr: number
  readonly momentum: number
  readonly loss: string
  readonly steps: readonly RecordedStep[]
}

interface RecordedStep {
  readonly loss: number
  /** Whether each fake quantizer observes and quantizes after the step; only where there is a schedule. */
  readonly flags_after_step?: readonly (readonly [observer: number, fakeQuant: number])[]
}

/** Something whose elements can be read. */
export type Readable = Pick<Tensor, 'array'>

/** A prepared model that is trained as a recording tells. */
export interface Trainee {
  readonly model: AnyModule
  readonly inputs: CaseInputs
  /** What the first output is measured by. Default: 40 dB. */
  readonly rule?: OutputRule
  /** The first output for one set of inputs. */
  readonly run: (inputs: readonly Tensor[]) => Promise<Tensor | undefined> | Tensor | undefined
  /** Counts a step of the schedules. */
  readonly step: () => void
  /** Switches of the fake quantizers, in the order of the recording. */
  readonly flags: () => readonly (readonly [observer: number, fakeQuant: number])[]
}

/** Batches that are recorded, and come round. */
const BATCHES = 3
const FIRST_LOSS = 1e-4
const LATER = 1e-2
/** What cancellation leaves of float32's precision, relative to the numbers that cancel each other. */
const CANCELLED = 1e-6

const PLAIN: OutputRule = { isQuantized: true, steps: new Map(), minSnrDb: 40 }

/** Takes the recorded steps of training, and compares losses, switches, and what the first step computes. */
export async function train(
  { lr, momentum, steps, loss: kind }: RecordedTraining,
  recorded: ReadonlyMap<string, HostArray>,
  trainee: Trainee,
): Promise<Divergence | undefined> {
  const { model, inputs } = trainee
  const optimizer = new SGD([...model.parameters()], { lr, momentum })
  for (const [i, step] of steps.entries()) {
    optimizer.zeroGrad()
    const output = flattened(kind, await trainee.run(inputs.at(`train_x.${i % BATCHES}`)))
    const [target] = inputs.at(`train_y.${i % BATCHES}`)
    if (output === undefined || target === undefined)
      return { where: `steps[${i}]`, expected: 'an output and a target', got: 'none' }
    const loss = lossOf(kind, output, target)
    loss.backward()
    const first = i === 0 ? await compareFirst(recorded, trainee, output) : undefined
    if (first !== undefined) return first
    optimizer.step()
    if (step.flags_after_step !== undefined) trainee.step()
    const divergence =
      compareLoss(i, step, await loss.item()) ??
      compareDicts(`steps[${i}].flags`, step.flags_after_step, step.flags_after_step && trainee.flags())
    if (divergence !== undefined) return divergence
  }
  return undefined
}

/**
 * Compares tensors by name with what was recorded under a prefix. Differences are measured by the largest element; what float32 loses where the
 * numbers that were added up cancel each other, by the largest element of all tensors.
 */
export async function compareNamed(
  recorded: ReadonlyMap<string, HostArray>,
  prefix: string,
  tensors: ReadonlyMap<string, Readable>,
): Promise<Divergence | undefined> {
  const entries = [...recorded].filter(([key]) => key.startsWith(`${prefix}.`))
  const noise = CANCELLED * Math.max(...entries.map(([, expected]) => largestOf(expected)))
  for (const [key, expected] of entries) {
    const tensor = tensors.get(key.slice(prefix.length + 1))
    if (tensor === undefined) return { where: key, expected: 'a tensor of that name', got: 'none' }
    const rule = { relative: LATER, absolute: LATER * largestOf(expected) + noise }
    const divergence = compareClosely(key, expected, await tensor.array(), rule)
    if (divergence !== undefined) return divergence
  }
  return undefined
}

function largestOf(array: HostArray): number {
  return numbersOf(array).reduce((max, value) => Math.max(max, Math.abs(value)), 0)
}

function lossOf(kind: string, output: Tensor, target: Tensor): Tensor {
  return kind === 'mse' ? F.mse(output, target) : F.crossEntropy(output, target.flatten())
}

/** Logits of tokens stand in one batch. */
function flattened(kind: string, output: Tensor | undefined): Tensor | undefined {
  return kind !== 'mse' && output !== undefined && output.shape.length > 2 ? output.flatten(0, -2) : output
}

/** What the first step computes: the output, and gradients of all parameters. */
async function compareFirst(
  recorded: ReadonlyMap<string, HostArray>,
  { model, rule = PLAIN }: Trainee,
  output: Tensor,
): Promise<Divergence | undefined> {
  const expected = recorded.get('train_out.0')
  return (
    (expected && compareOutput('train_out.0', expected, await output.array(), rule)) ??
    (await compareNamed(recorded, 'grad0', gradientsOf(model)))
  )
}

/** Gradients of parameters under all their names. */
function gradientsOf(model: AnyModule): Map<string, Tensor> {
  const gradients = new Map<string, Tensor>()
  for (const [path, module] of model.namedModules({ aliases: true })) {
    for (const [name, member] of module.members()) {
      if (member instanceof Parameter && member.grad !== null)
        gradients.set(path === '' ? name : `${path}.${name}`, member.grad)
    }
  }
  return gradients
}

function compareLoss(i: number, { loss: expected }: RecordedStep, got: number): Divergence | undefined {
  const relative = i === 0 ? FIRST_LOSS : LATER
  if (Math.abs(expected - got) <= relative * Math.abs(expected)) return undefined
  return { where: `steps[${i}].loss`, expected: String(expected), got: String(got) }
}
