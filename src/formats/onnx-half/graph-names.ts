import {
  type GraphProto,
  type NodeProto,
  TensorProto_DataType as OnnxType,
  type ValueInfoProto,
} from '../../codec/onnx.ts'

/** Inputs that ONNX has as float32 whatever the others are, by operator. */
export const FLOAT_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Resize: [2],
  Upsample: [1],
  NonMaxSuppression: [0, 1, 3, 4],
}

/** The graphs that a node has inside. */
function bodiesOf({ attribute }: NodeProto): GraphProto[] {
  return attribute.flatMap(({ g, graphs }) => [...(g === undefined ? [] : [g]), ...graphs])
}

/** All nodes of a graph and of the graphs inside. */
function allNodes(graph: GraphProto): NodeProto[] {
  return graph.node.flatMap((node) => [node, ...bodiesOf(node).flatMap(allNodes)])
}

/** Names of values that a graph and those inside define or read. */
export function namesIn(graph: GraphProto): Set<string> {
  const own = [...graph.input, ...graph.initializer].map(({ name }) => name)
  return new Set([...own, ...allNodes(graph).flatMap(({ input, output }) => [...input, ...output])])
}

/** A name for the other form of a value, which is then taken. */
export function freeName(name: string, taken: Set<string>): string {
  let free = `${name}.half`
  for (let i = 2; taken.has(free); i++) free = `${name}.half_${i}`
  taken.add(free)
  return free
}

/** Names of constants that operators read as float32 whatever the others are. */
export function floatConstants(graph: GraphProto): Set<string> {
  const nodes = allNodes(graph)
  const constants = new Set([
    ...graph.initializer.map(({ name }) => name),
    ...nodes.flatMap(({ opType, output }) => (opType === 'Constant' ? output : [])),
  ])
  const read = nodes.flatMap(({ opType, input }) => (FLOAT_INPUTS[opType] ?? []).map((i) => input[i] ?? ''))
  return new Set(read.filter((name) => constants.has(name)))
}

/** Whether anything reads a value where float16 is fine. */
export function isReadAsHalf(graph: GraphProto, name: string): boolean {
  return allNodes(graph).some((node) => node.input.some((each, i) => each === name && !isFloatInput(node, i)))
}

/** Lets those who read a value read another, but for inputs that have to be float32 unless `all` are meant. */
export function renameReads(graph: GraphProto, from: string, to: string, all: boolean = false): void {
  for (const node of allNodes(graph))
    node.input = node.input.map((each, i) => (each === from && (all || !isFloatInput(node, i)) ? to : each))
  for (const body of allNodes(graph).flatMap(bodiesOf))
    for (const output of body.output) if (output.name === from) output.name = to
}

/** Whether a type is a tensor of float32. */
export function isFloat(type: ValueInfoProto['type']): boolean {
  return type?.value.case === 'tensorType' && type.value.value.elemType === OnnxType.FLOAT
}

/** Makes a tensor of float32 one of float16. */
export function halveType({ type }: ValueInfoProto): void {
  if (type?.value.case === 'tensorType' && isFloat(type)) type.value.value.elemType = OnnxType.FLOAT16
}

function isFloatInput({ opType }: NodeProto, i: number): boolean {
  return FLOAT_INPUTS[opType]?.includes(i) === true
}
