import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  ArrayFeatureType_ArrayDataType as ArrayDataType,
  type CoreMLModel,
  type FeatureDescriptionSchema,
  ModelSchema,
} from '../../codec/coreml.ts'
import { WeightBlobs } from '../../codec/weight-blobs.ts'
import { expandComposites } from '../../ir/expand-composites.ts'
import { Graph, type GraphInput } from '../../ir/graph.ts'
import type { MilValue } from '../../ir/mil-emitter.ts'
import type { Node, Value } from '../../ir/node.ts'
import { callModule } from '../../nn/call-module.ts'
import { getMember } from '../../nn/container.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { leafPaths } from '../../nn/output-tree.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { CoreMLActivation } from '../../quantization/graph/finalize/coreml-activation.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { evaluationForm } from '../evaluation-form.ts'
import { version } from '../version.ts'
import { quantizeDequantize, storedActivation } from './activation.ts'
import { type FeatureShape, featureShape } from './feature-shape.ts'
import type { ComputePrecision } from './mil-dtype.ts'
import type { Program, ProgramValue } from './program.ts'
import { ProgramBuilder } from './program-builder.ts'
import { ProgramNames } from './program-names.ts'
import { programProto } from './program-proto.ts'
import { Refused } from './refused.ts'
import { compressedWeight } from './weights.ts'

/** How a Core ML model is written. */
export interface CoreMLOptions {
  /** What Core ML computes in. Inputs and outputs are float32 either way. Default: float32. */
  readonly computePrecision?: ComputePrecision
  /** The largest value of an input's size that varies without a bound of its own: Core ML wants one. Default: 2048. */
  readonly maxSize?: number
}

/** A Core ML model with the blobs that it refers to. */
export interface CoreMLParts {
  readonly model: CoreMLModel
  readonly blobs: WeightBlobs
}

/** The version of the format that came with iOS 18. */
const SPECIFICATION_VERSION = 9
const DEFAULT_MAX_SIZE = 2048

/**
 * A captured model, or one that is finalized for Core ML, as an ML program of iOS 18, in evaluation.
 * @throws ExportError with every operation and tensor that Core ML cannot have
 */
export async function coremlModel(
  module: GraphModule,
  { computePrecision = 'float32', maxSize = DEFAULT_MAX_SIZE }: CoreMLOptions = {},
): Promise<CoreMLParts> {
  const program = await new ModelWriter(module, computePrecision).write()
  const blobs = new WeightBlobs()
  const mlProgram = programProto(program, blobs)
  const model = create(ModelSchema, {
    specificationVersion: SPECIFICATION_VERSION,
    description: {
      input: program.inputs.map((value) =>
        feature(value, featureShape(value.shape, module.sizeRanges, maxSize)),
      ),
      output: program.outputs.map((value) => feature(value, {})),
      metadata: { userDefined: { 'lowbit.version': version } },
    },
    Type: { case: 'mlProgram', value: mlProgram },
  })
  return { model, blobs }
}

function feature(
  { name, milDType }: ProgramValue,
  shape: FeatureShape,
): MessageInitShape<typeof FeatureDescriptionSchema> {
  const dataType = milDType === 'int32' ? ArrayDataType.INT32 : ArrayDataType.FLOAT32
  return { name, type: { Type: { case: 'multiArrayType', value: { dataType, ...shape } } } }
}

/** A graph without the operations that are composed of others. */
function composedForm({ inputs, nodes, outputs }: Graph): Graph {
  const expanded = expandComposites(nodes, outputs)
  return new Graph(inputs, expanded.nodes, expanded.outputs)
}

/** Writes one module as a program, and collects what stands against it. */
class ModelWriter {
  readonly #module: GraphModule
  readonly #names = new ProgramNames()
  readonly #builder: ProgramBuilder
  readonly #values = new Map<Value, MilValue>()
  readonly #problems: { readonly name: string; readonly text: string }[] = []

  constructor(module: GraphModule, precision: ComputePrecision) {
    this.#module = module
    this.#builder = new ProgramBuilder(precision, this.#names)
  }

  async write(): Promise<Program> {
    const graph = composedForm(evaluationForm(this.#module.graph))
    const inputs = this.#writeInputs(graph.inputs.filter(({ kind }) => kind === 'input'))
    const names = leafPaths(this.#module.outputTree, 'output').map((name) => this.#names.fresh(name))
    const read = new Set([...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs])
    for (const { value, name, kind } of graph.inputs)
      if (kind === 'state' && read.has(value)) await this.#writeState(value, name)
    for (const node of graph.nodes) await this.#writeNode(node)
    this.#refuseProblems()
    const outputs = graph.outputs.map((output, i) => {
      const dtype = isFloating(output.dtype) || output.dtype === 'bool' ? 'float32' : 'int32'
      return [names[i] ?? 'output', this.#builder.converted(this.#valueOf(output), dtype)] as const
    })
    return this.#builder.finish(inputs, outputs)
  }

  #writeInputs(inputs: readonly GraphInput[]): ProgramValue[] {
    return inputs.map(({ value, name }) => {
      const declared = this.#builder.declare(name, value, isFloating(value.dtype) ? 'float32' : 'int32')
      if (value.shape.length === 0)
        this.#problem(name, 'expected an input of at least one dimension, got a scalar')
      this.#attempt(name, () => this.#values.set(value, this.#builder.cast(declared, value.dtype)))
      return declared
    })
  }

  async #writeState(value: Value, name: string): Promise<void> {
    const member = getMember(this.#module, name)
    if (!(member instanceof Parameter || member instanceof Buffer))
      throw new RangeError(
        `Cannot write a model for Core ML: expected a parameter or buffer "${name}", got none`,
      )
    const content = await member.array()
    const weight = await compressedWeight(this.#module, name, content)
    this.#attempt(name, () => {
      const written = weight ? this.#builder.weight(name, weight) : this.#builder.state(name, content)
      this.#values.set(value, written)
    })
  }

  async #writeNode(node: Node): Promise<void> {
    const inputs = node.inputs.map((input) => (input === null ? null : this.#values.get(input)))
    // What reads a refused value has no problem of its own.
    if (inputs.some((input) => input === undefined)) return this.#judge(node)
    const known = inputs.map((input) => input ?? null)
    const module =
      typeof node.attrs.target === 'string' ? getMember(this.#module, node.attrs.target) : undefined
    const activation = module instanceof CoreMLActivation ? await storedActivation(module) : undefined
    this.#attempt(node.name || node.op.name, () => {
      const outputs = activation
        ? this.#builder.write(node, known, (e) => [quantizeDequantize(e, activation)])
        : this.#builder.write(node, known)
      if (outputs === undefined) return this.#judge(node)
      for (const [i, output] of node.outputs.entries()) {
        const written = outputs[i]
        if (written !== undefined) this.#values.set(output, written)
      }
    })
  }

  /** Notes a node whose operation MIL does not have. */
  #judge({ op, name }: Node): void {
    if (op.mil !== undefined) return
    const isCall = op.name === callModule.name
    this.#problem(
      name || op.name,
      isCall ? 'a fake quantizer (finalize for the backend "coreml" first)' : `the operation ${op.name}`,
    )
  }

  #attempt(name: string, write: () => void): void {
    try {
      write()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#problem(name, error.message)
    }
  }

  #problem(name: string, text: string): void {
    this.#problems.push({ name, text })
  }

  #refuseProblems(): void {
    if (this.#problems.length === 0) return
    const list = this.#problems.map(({ name, text }) => `"${name}": ${text}`)
    throw new ExportError(
      `Cannot write a model for Core ML: expected what an ML program can have, got ${list.join('; ')}`,
      this.#problems.map(({ name }) => name),
    )
  }

  #valueOf(output: Value): MilValue {
    const value = this.#values.get(output)
    if (value !== undefined) return value
    throw new RangeError(
      'Cannot write a model for Core ML: expected each output to be written (a bug in lowbit)',
    )
  }
}
