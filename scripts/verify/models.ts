/** The models that are verified: those of the conformance cases that can be captured, with random weights, and programs of a folder of fixtures. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AnyModule,
  fromHost,
  loadExportedProgram,
  manualSeed,
  Random,
  readSafetensors,
  type Tensor,
  tensor,
} from 'lowbit'
import { eagerModels } from '../../conformance/models/eager-models.ts'

/** A model and its batches. */
export interface VerifiedModel {
  readonly name: string
  /** Builds it anew. */
  build(): Promise<AnyModule>
  /** What the quantizer sees. */
  readonly calibration: readonly (readonly Tensor[])[]
  /** Batches of which one is compared. */
  readonly evaluation: readonly (readonly Tensor[])[]
  /** Whether it averages quantized values: their sums often lie in the middle of two steps exactly, and rounding goes either way there. */
  readonly hasAverages: boolean
  /** A size of blocks that divides the input channels of a weight. */
  readonly blockSize: number
}

/** Shapes of the inputs of the models that are built here; a number is one token id below that. */
const INPUTS: Readonly<Record<string, readonly (readonly number[])[]>> = {
  add_mul_sub: [[2, 3, 4, 4]],
  attn_ln: [[2, 5, 16]],
  cat: [[2, 3, 8, 8]],
  conv1d: [[2, 4, 12]],
  conv3d: [[1, 2, 4, 6, 6]],
  conv_bn_acts: [[2, 3, 9, 9]],
  conv_relu: [[2, 3, 8, 8]],
  conv_transpose: [[1, 4, 5, 5]],
  embedding: [[2, 6]],
  gated_mlp: [[1, 4, 32]],
  interleaved_reuse: [[2, 3, 6, 6]],
  linear_acts: [[4, 16]],
  lstm: [[2, 5, 6]],
  matmul: [
    [2, 4, 6],
    [2, 5, 6],
  ],
  nested: [[3, 8]],
  pools: [[2, 3, 8, 8]],
  residual: [[2, 4, 6, 6]],
  shared_linear: [[3, 8]],
  tied_embedding: [[2, 6]],
}

/** Models whose inputs are token ids below this. */
const TOKENS: Readonly<Record<string, number>> = { embedding: 20, tied_embedding: 24 }
/** Models with average pooling or a mean. */
const AVERAGES = new Set(['cat', 'conv3d', 'conv_transpose', 'interleaved_reuse', 'pools'])
/** Models none of whose weights has input channels that 4 divides. */
const BLOCKS_OF_THREE = new Set(['add_mul_sub', 'conv_relu', 'interleaved_reuse', 'matmul'])
const CALIBRATION_BATCHES = 3
const EVALUATION_BATCHES = 6

/** The models that are built here. */
export function builtModels(): VerifiedModel[] {
  return Object.entries(INPUTS).map(([name, shapes]) => {
    const random = new Random(7)
    const batch = () => shapes.map((shape) => randomInput(random, shape, TOKENS[name]))
    const build = async () => {
      manualSeed(3)
      const model = eagerModels.get(name)?.()
      if (model === undefined) throw new RangeError(`Cannot build "${name}": expected a model, got none`)
      return model.eval()
    }
    return {
      name,
      build,
      hasAverages: AVERAGES.has(name),
      blockSize: blockSizeOf(name),
      calibration: Array.from({ length: CALIBRATION_BATCHES }, batch),
      evaluation: Array.from({ length: EVALUATION_BATCHES }, batch),
    }
  })
}

function blockSizeOf(name: string): number {
  if (name === 'cat') return 7
  return BLOCKS_OF_THREE.has(name) ? 3 : 4
}

function randomInput(random: Random, shape: readonly number[], tokens: number | undefined): Tensor {
  const size = shape.reduce((product, dim) => product * dim, 1)
  if (tokens === undefined) return tensor(random.normal(size), { shape })
  return tensor(BigInt64Array.from(random.integers(0, tokens, size), BigInt), { shape })
}

/** The programs of a folder of fixtures: `<folder>/<name>/model.pt2` with `inputs.safetensors`. */
export function programsIn(folder: string): VerifiedModel[] {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'model.pt2')))
  return names.map((name) => {
    const inputs = readSafetensors(readFileSync(join(folder, name, 'inputs.safetensors')))
    const batch = (prefix: string): Tensor[] =>
      [...inputs].filter(([key]) => key.startsWith(`${prefix}.`)).map(([, array]) => fromHost(array))
    return {
      name: `${name}_pt2`,
      build: () => loadExportedProgram(join(folder, name, 'model.pt2')),
      calibration: [0, 1, 2].map((i) => batch(`calib.${i}`)),
      evaluation: [0, 1].map((i) => batch(`eval.${i}`)).filter((inputs) => inputs.length > 0),
      hasAverages: AVERAGES.has(name),
      blockSize: blockSizeOf(name),
    }
  })
}
