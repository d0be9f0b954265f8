import type { AttributeProto, NodeProto } from '../../../codec/onnx.ts'
import { attributeProto } from '../../../lowering/attribute-proto.ts'
import { COERCED } from './coerced.ts'
import type { Tensors } from './tensors.ts'

/** How nodes of operators are written anew for models older than an opset. */
interface Upgrade {
  readonly until: number
  readonly types: readonly string[]
  readonly rewrite: (node: NodeProto, tensors: Tensors, opset: number) => void
}

const REDUCTIONS = [
  'ReduceMax',
  'ReduceMin',
  'ReduceMean',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceSumSquare',
]

/** What changed between opset 7 and the one that all models are brought to, oldest first. */
export const UPGRADES: readonly Upgrade[] = [
  { until: 9, types: ['BatchNormalization'], rewrite: dropSpatial },
  { until: 10, types: ['Slice'], rewrite: slice },
  { until: 10, types: ['TopK'], rewrite: (node, tensors) => moveInts(node, tensors, 'k', 1) },
  { until: 10, types: ['Upsample'], rewrite: upsample },
  { until: 11, types: ['Resize'], rewrite: oldResize },
  { until: 11, types: ['Clip'], rewrite: clip },
  { until: 11, types: ['Pad'], rewrite: pad },
  { until: 11, types: ['Scatter'], rewrite: (node) => rename(node, 'ScatterElements') },
  { until: 12, types: ['Dropout'], rewrite: (node) => void take(node, 'ratio') },
  {
    until: 13,
    types: ['Squeeze', 'Unsqueeze', 'ReduceSum'],
    rewrite: (node, tensors) => moveInts(node, tensors, 'axes', 1),
  },
  { until: 13, types: ['Split'], rewrite: (node, tensors) => moveInts(node, tensors, 'split', 1) },
  { until: 13, types: ['Softmax', 'LogSoftmax', 'Hardmax'], rewrite: coerce },
  { until: 14, types: ['BatchNormalization'], rewrite: dropStatistics },
  { until: 16, types: ['RoiAlign'], rewrite: alignRois },
  { until: 18, types: REDUCTIONS, rewrite: (node, tensors) => moveInts(node, tensors, 'axes', 1) },
  { until: 18, types: ['Split'], rewrite: countParts },
  { until: 20, types: ['DFT'], rewrite: (node, tensors) => moveAxis(node, tensors) },
  { until: 20, types: ['GridSample'], rewrite: renameModes },
]

function take(node: NodeProto, name: string): AttributeProto | undefined {
  const at = node.attribute.findIndex((attribute) => attribute.name === name)
  return at < 0 ? undefined : node.attribute.splice(at, 1)[0]
}

function setInput(node: NodeProto, index: number, name: string): void {
  while (node.input.length < index) node.input.push('')
  node.input[index] = name
}

/** Makes a list, or a single integer, an input. */
function moveInts(node: NodeProto, tensors: Tensors, name: string, index: number): void {
  const attribute = take(node, name)
  if (attribute === undefined) return
  setInput(node, index, tensors.ints(attribute.ints.length > 0 ? attribute.ints : [attribute.i]))
}

function slice(node: NodeProto, tensors: Tensors): void {
  for (const [i, name] of ['starts', 'ends', 'axes'].entries()) moveInts(node, tensors, name, i + 1)
}

function clip(node: NodeProto, tensors: Tensors): void {
  for (const [i, name] of ['min', 'max'].entries()) {
    const limit = take(node, name)
    if (limit !== undefined) setInput(node, i + 1, tensors.floats(limit.f))
  }
}

function pad(node: NodeProto, tensors: Tensors): void {
  moveInts(node, tensors, 'pads', 1)
  const value = take(node, 'value')
  if (value !== undefined) setInput(node, 2, tensors.floats(value.f))
}

/** An Upsample is a Resize that counts positions from the corner. */
function upsample(node: NodeProto, tensors: Tensors): void {
  const scales = take(node, 'scales')
  if (scales !== undefined) setInput(node, 1, tensors.floats(scales.floats))
  node.opType = 'Resize'
}

function oldResize(node: NodeProto): void {
  if (node.input.length === 2) node.input = [node.input[0] ?? '', '', node.input[1] ?? '']
  node.attribute.push(attributeProto('coordinate_transformation_mode', 'asymmetric'))
  if (!node.attribute.some(({ name, s }) => name === 'mode' && new TextDecoder().decode(s) === 'linear'))
    node.attribute.push(attributeProto('nearest_mode', 'floor'))
}

/** The default axis was 1. */
function coerce(node: NodeProto): void {
  if (!node.attribute.some(({ name }) => name === 'axis')) node.attribute.push(attributeProto('axis', 1))
  node.attribute.push(attributeProto(COERCED, 1))
}

/** Statistics over positions are the only ones that are left. */
function dropSpatial(node: NodeProto): void {
  const spatial = node.attribute.find(({ name }) => name === 'spatial')
  if (spatial?.i === 1n) take(node, 'spatial')
}

/** Statistics of the batch were outputs, which evaluation does not fill. */
function dropStatistics(node: NodeProto): void {
  node.output.splice(1)
}

function rename(node: NodeProto, opType: string): void {
  node.opType = opType
}

/** Positions were not moved by half a pixel. */
function alignRois(node: NodeProto): void {
  node.attribute.push(attributeProto('coordinate_transformation_mode', 'output_half_pixel'))
}

/** The axis of a DFT was an attribute, 1 by default. */
function moveAxis(node: NodeProto, tensors: Tensors): void {
  setInput(node, 2, tensors.scalar(take(node, 'axis')?.i ?? 1n))
}

const GRID_MODES: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' }

function renameModes(node: NodeProto): void {
  const mode = take(node, 'mode')
  const name = mode === undefined ? '' : new TextDecoder().decode(mode.s)
  const renamed = GRID_MODES[name] ?? name
  if (renamed !== '') node.attribute.push(attributeProto('mode', renamed))
}

/** Parts of one size were the default. */
function countParts(node: NodeProto): void {
  if (node.input.length < 2 && !node.attribute.some(({ name }) => name === 'num_outputs'))
    node.attribute.push(attributeProto('num_outputs', node.output.length))
}
