import { AttributeProto_AttributeType as AttributeType } from '../../../codec/onnx.ts'
import { fromValues } from '../../../tensor/from-values.ts'
import type { HostArray } from '../../../tensor/host-array.ts'
import { attributeTypeName, type NodeCall } from '../node-call.ts'
import { contentOfTensor } from '../tensor-content.ts'

/** Defines what a Constant node holds: a tensor of the file like any other. */
export function importConstant(call: NodeCall): void {
  const [name = ''] = call.node.output
  if (name === '') return
  const [attribute, ...more] = call.node.attribute
  if (attribute === undefined || more.length > 0) call.fail('one attribute', `${call.node.attribute.length}`)
  call.importer.defineTensor(name, contentOf(call))
}

function contentOf(call: NodeCall): HostArray {
  const [attribute] = call.node.attribute
  if (attribute === undefined) return call.fail('a value', 'none')
  const { type, t, f, i, floats, ints } = attribute
  if (t !== undefined) return contentOfTensor(t)
  if (type === AttributeType.FLOAT) return fromValues('float32', [], [f])
  if (type === AttributeType.FLOATS) return fromValues('float32', [floats.length], floats)
  if (type === AttributeType.INT) return fromValues('int64', [], [i])
  if (type === AttributeType.INTS) return fromValues('int64', [ints.length], ints)
  return call.fail('a value of numbers', attributeTypeName(type))
}
