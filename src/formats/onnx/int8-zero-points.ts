import {
  type ModelProto,
  type NodeProto,
  TensorProto_DataType as OnnxType,
  type TensorProto,
} from '../../codec/onnx.ts'
import { attributeProto } from '../../lowering/attribute-proto.ts'

/** int8 is uint8 less this. */
const OFFSET = 128

/**
 * Writes QuantizeLinear to int8 without zero points of int8. From opset 21 on, ONNX Runtime (1.30 and 1.32) moves pairs of quantize and dequantize past reshapes
 * with the attribute output_dtype beside their zero points, takes those for uint8, and refuses the model. Zero points that are all 0 are left out;
 * others become uint8, with values moved by 128, which stand for the same numbers.
 * @param isOurs whether a zero point, by its name, may be changed. Default: all
 */
export function spareInt8ZeroPoints(
  { graph }: ModelProto,
  isOurs: (name: string) => boolean = () => true,
): void {
  if (graph === undefined) return
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)))
  for (const zeroPoint of graph.initializer) {
    if (zeroPoint.dataType !== OnnxType.INT8 || !isOurs(zeroPoint.name)) continue
    const readers = graph.node.filter(({ input }) => input.includes(zeroPoint.name))
    const isZeroPoint = readers.every((node) => isLinear(node) && node.input[2] === zeroPoint.name)
    if (!isZeroPoint || !readers.some(({ opType }) => opType === 'QuantizeLinear')) continue
    if (zeroPoint.rawData.every((value) => value === 0)) leaveOut(readers)
    else if (readers.every((node) => readsGroup(node, readers, makers))) makeUnsigned(zeroPoint)
  }
  const read = new Set(graph.node.flatMap(({ input }) => input))
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name) || !isOurs(name))
}

function isLinear({ opType }: NodeProto): boolean {
  return opType === 'QuantizeLinear' || opType === 'DequantizeLinear'
}

/** Whether a node quantizes, or reads what one of the readers of its zero point quantized. */
function readsGroup(
  { opType, input: [x = ''] }: NodeProto,
  readers: readonly NodeProto[],
  makers: ReadonlyMap<string, NodeProto>,
): boolean {
  const maker = makers.get(x)
  return opType === 'QuantizeLinear' || (maker?.opType === 'QuantizeLinear' && readers.includes(maker))
}

function leaveOut(readers: readonly NodeProto[]): void {
  for (const node of readers) {
    node.input.splice(2, 1)
    if (node.opType !== 'QuantizeLinear') continue
    node.attribute.push(attributeProto('output_dtype', { dtype: 'int8' }))
  }
}

function makeUnsigned(zeroPoint: TensorProto): void {
  zeroPoint.dataType = OnnxType.UINT8
  zeroPoint.rawData = zeroPoint.rawData.map((value) => (value + OFFSET) % (2 * OFFSET))
}
