import { create } from '@bufbuild/protobuf'
import { type GraphProto, NodeProtoSchema } from '../../codec/onnx.ts'
import { attributeProto } from '../../lowering/attribute-proto.ts'
import { tensorProto } from '../../lowering/model-builder.ts'
import { getMember } from '../../nn/container.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import { castArray } from '../../tensor/cast-array.ts'
import { isFloating } from '../../tensor/dtype.ts'
import type { HostArray } from '../../tensor/host-array.ts'

/** The first opset that has integers of two bits. */
const FIRST_WITH_TWO_BITS = 25

/** Prefix of states: names that the lowering makes up are letters and digits. */
export function stateName(path: string): string {
  return path.includes('.') || path.includes('_') ? path : `state.${path}`
}

/** Two bits take the room of four in operators that are older than two bits. */
export function widened(content: HostArray, opset = 0): HostArray {
  if (opset >= FIRST_WITH_TWO_BITS) return content
  if (content.dtype === 'int2') return castArray(content, 'int4')
  return content.dtype === 'uint2' ? castArray(content, 'uint4') : content
}

/** Elements of a parameter or buffer. @throws RangeError for a path that has none */
export async function contentOf(module: GraphModule, path: string): Promise<HostArray> {
  const member = getMember(module, path)
  if (member instanceof Parameter || member instanceof Buffer) return member.array()
  throw new RangeError(`Cannot write a model as ONNX: expected a parameter or buffer "${path}", got none`)
}

/**
 * Adds the content of a state. Sub-byte integers and quantized floats are stored as what they are, other floats as float32.
 * @param isComputed whether the graph computes with it, which it does in float32
 */
export function addInitializer(
  graph: GraphProto,
  name: string,
  content: HostArray,
  isComputed: boolean,
): void {
  if (content.dtype.startsWith('float8')) {
    const stored = isComputed ? `${name}.stored` : name
    graph.initializer.push(tensorProto(stored, content.dtype, content.shape, content.bytes))
    if (!isComputed) return
    const attribute = [attributeProto('to', { dtype: 'float32' })]
    const cast = { opType: 'Cast', name: `${name}.cast`, input: [stored], output: [name], attribute }
    graph.node.unshift(create(NodeProtoSchema, cast))
    return
  }
  const array = isFloating(content.dtype) ? castArray(content, 'float32') : content
  graph.initializer.push(tensorProto(name, array.dtype, array.shape, array.bytes))
}
