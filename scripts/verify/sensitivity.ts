/**
 * How much a quantized model's outputs change when its scales change by less than its arithmetic is exact. A value in the middle of two steps goes one way in
 * one runtime and the other way in another; where there is none, all must agree.
 */
import {
  Buffer,
  fromHost,
  fromTypedArray,
  type GraphModule,
  type HostArray,
  noGrad,
  Random,
  Tensor,
  toFloat32,
} from 'lowbit'

/** Outputs that change by less hold no value that went another way. */
export const STEADY = 1e-5
/** How far scales move: more than sums of floats differ by their order. */
const MOVE = 1e-6
const TRIALS = 4

/** A batch, and the largest change of its outputs relative to the largest of them. */
export interface MeasuredBatch {
  readonly inputs: readonly Tensor[]
  readonly sensitivity: number
}

/**
 * The first batch that is steady, or else the steadiest. One batch alone is not measured.
 * @param moves which scales are changed. Default: all
 */
export async function steadiestBatch(
  model: GraphModule,
  batches: readonly (readonly Tensor[])[],
  moves: (scale: string) => boolean = () => true,
): Promise<MeasuredBatch> {
  const [only = []] = batches
  if (batches.length < 2) return { inputs: only, sensitivity: 0 }
  let best: MeasuredBatch = { inputs: only, sensitivity: Number.POSITIVE_INFINITY }
  for (const inputs of batches) {
    const sensitivity = await sensitivityOf(model, inputs, moves)
    if (sensitivity < best.sensitivity) best = { inputs, sensitivity }
    if (sensitivity <= STEADY) break
  }
  return best
}

async function sensitivityOf(
  model: GraphModule,
  inputs: readonly Tensor[],
  moves: (scale: string) => boolean,
): Promise<number> {
  const expected = await outputsOf(model, inputs)
  const random = new Random(11)
  const scales = await scalesOf(model, moves)
  let worst = 0
  for (let trial = 0; trial < TRIALS; trial++) {
    for (const [buffer, values] of scales) {
      const moves = random.uniform(values.length)
      const moved = values.map((value, i) => value * (1 + MOVE * ((moves[i] ?? 0.5) < 0.5 ? -1 : 1)))
      buffer.assign(fromHost(fromTypedArray(moved, buffer.shape.map(Number))))
    }
    const got = await outputsOf(model, inputs)
    expected.forEach((array, i) => {
      worst = Math.max(worst, relativeDifference(array, got[i]))
    })
  }
  for (const [buffer, values] of scales)
    buffer.assign(fromHost(fromTypedArray(values, buffer.shape.map(Number))))
  return worst
}

async function scalesOf(
  model: GraphModule,
  moves: (scale: string) => boolean,
): Promise<[Buffer, Float32Array][]> {
  const scales: [Buffer, Float32Array][] = []
  for (const [name, buffer] of model.namedBuffers())
    if (/scale$/.test(name) && moves(name) && buffer instanceof Buffer && buffer.dtype === 'float32')
      scales.push([buffer, Float32Array.from(toFloat32(await buffer.array()))])
  return scales
}

function relativeDifference(expected: HostArray, got: HostArray | undefined): number {
  if (got === undefined) return Number.POSITIVE_INFINITY
  const [a, b] = [toFloat32(expected), toFloat32(got)]
  const largest = a.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] ?? 0))), 0) / (largest || 1)
}

/** What a model computes, on the host, in order. */
export async function outputsOf(model: GraphModule, inputs: readonly Tensor[]): Promise<HostArray[]> {
  return Promise.all(tensorsOf(noGrad(() => model(...inputs))).map((output) => output.array()))
}

/** The tensors of an output, in order. */
function tensorsOf(output: unknown): Tensor[] {
  if (output instanceof Tensor) return [output]
  if (typeof output !== 'object' || output === null) return []
  return Object.values(output).flatMap(tensorsOf)
}
