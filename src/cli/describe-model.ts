import { formatType } from '../ir/node.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { namedStates } from '../nn/model-layout.ts'
import { leafPaths } from '../nn/output-tree.ts'
import { byteLength } from '../tensor/host-array.ts'
import { sizeOf } from '../tensor/shape.ts'
import { formatBytes, textTable } from './text-table.ts'

/** An input or output, as a person reads it. */
export interface PortDescription {
  readonly name: string
  /** `float32 [batch, 3]` */
  readonly type: string
}

/** How much of a model has one dtype. */
export interface DTypeSize {
  readonly dtype: string
  readonly tensors: number
  readonly elements: number
  readonly bytes: number
}

/** How often an operation stands in a model. */
export interface OpCount {
  readonly type: string
  readonly count: number
}

/** What a model is made of. */
export interface ModelDescription {
  readonly inputs: readonly PortDescription[]
  readonly outputs: readonly PortDescription[]
  /** The most frequent first. */
  readonly operations: readonly OpCount[]
  /** Parameters and buffers, each once, the largest dtype first. */
  readonly sizes: readonly DTypeSize[]
  readonly stateBytes: number
}

/** Inputs, outputs, operations and sizes of a model. */
export function describeModel(model: GraphModule): ModelDescription {
  const { graph } = model
  const counts = new Map<string, number>()
  for (const { op } of graph.nodes) counts.set(op.name, (counts.get(op.name) ?? 0) + 1)
  const names = leafPaths(model.outputTree, 'output')
  const sizes = sizesByDType(model)
  return {
    inputs: graph.inputs
      .filter(({ kind }) => kind === 'input')
      .map(({ name, value }) => ({ name, type: formatType(value) })),
    outputs: graph.outputs.map((value, i) => ({ name: names[i] ?? `output_${i}`, type: formatType(value) })),
    operations: Array.from(counts, ([name, count]) => ({ type: shortName(name), count })).sort(
      (a, b) => b.count - a.count || a.type.localeCompare(b.type),
    ),
    sizes,
    stateBytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

/** Parameters and buffers by dtype; a tied one counts once. */
export function sizesByDType(model: GraphModule): DTypeSize[] {
  const sizes = new Map<string, DTypeSize>()
  for (const state of new Set(namedStates(model).map(([, each]) => each))) {
    const { dtype, shape } = state
    const { tensors = 0, elements = 0, bytes = 0 } = sizes.get(dtype) ?? {}
    sizes.set(dtype, {
      dtype,
      tensors: tensors + 1,
      elements: elements + sizeOf(shape),
      bytes: bytes + byteLength(dtype, shape),
    })
  }
  return [...sizes.values()].sort((a, b) => b.bytes - a.bytes)
}

/** The sizes as a table. */
export function sizesTable(sizes: readonly DTypeSize[]): string {
  return textTable(
    [
      { title: 'dtype' },
      { title: 'tensors', align: 'right' },
      { title: 'elements', align: 'right' },
      { title: 'size', align: 'right' },
    ],
    sizes.map(({ dtype, tensors, elements, bytes }) => [
      dtype,
      String(tensors),
      String(elements),
      formatBytes(bytes),
    ]),
  )
}

/** Name of an operation without its namespace: `conv2d` of `aten.conv2d`. */
function shortName(name: string): string {
  return name.replace(/^aten\./, '')
}
