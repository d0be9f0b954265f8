import { create } from '@bufbuild/protobuf'
import {
  decodeModel,
  encodeModel,
  type ModelProto,
  TensorProto_DataType as OnnxType,
  OperatorSetIdProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from '../src/codec/onnx.ts'
import { graph, ints, node, noise, onnxBytes, type TestModel } from './onnx-builder.ts'

const X: TestModel['inputs'] = [['x', 'float32', [2, 4]]]

/** A sound model, for changes. */
const sound: TestModel = {
  inputs: X,
  outputs: ['y'],
  nodes: [node('MatMul', ['x', 'w'], ['h']), node('Relu', ['h'], ['y'])],
  tensors: [noise('w', [4, 3])],
}
/** The bytes of the sound model. */
export const soundBytes: Uint8Array = onnxBytes(sound)
const bytes = soundBytes

/** The sound model with its weight changed. */
function withTensor(change: (weight: TensorProto) => void): Uint8Array {
  return withModel((model) => {
    const weight = model.graph?.initializer[0]
    if (weight !== undefined) change(weight)
  })
}

function withModel(change: (model: ModelProto) => void): Uint8Array {
  const model = decodeModel(onnxBytes(sound))
  change(model)
  return encodeModel(model)
}

/** The sound model with other parts. */
export function model(parts: Partial<TestModel>): Uint8Array {
  return onnxBytes({ ...sound, ...parts })
}

/** The sound model with its weight in another file. */
export function external(entries: readonly (readonly [string, string])[]): Uint8Array {
  return withTensor((weight) => {
    weight.rawData = new Uint8Array()
    weight.dataLocation = TensorProto_DataLocation.EXTERNAL
    weight.externalData = entries.map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }))
  })
}

/** A field of a protobuf message that holds bytes. */
function field(number: number, content: Uint8Array, length = content.byteLength): Uint8Array {
  const sizes: number[] = []
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    sizes.push(rest >= 128 ? (rest % 128) + 128 : rest)
    if (rest < 128) break
  }
  return Uint8Array.of((number << 3) | 2, ...sizes, ...content)
}

/** A graph whose node holds a graph, and so on. */
function nested(depth: number): TestModel['nodes'][number] {
  const inner = depth === 0 ? node('Relu', ['x'], ['z']) : nested(depth - 1)
  const body = graph({ inputs: [], outputs: ['z'], nodes: [inner] })
  return node('If', ['c'], ['z'], { then_branch: { graph: body }, else_branch: { graph: body } })
}

type Row = readonly [title: string, bytes: Uint8Array | (() => Uint8Array)]

const encoded: readonly Row[] = [
  ['no bytes', new Uint8Array()],
  ['bytes that are no message', Uint8Array.from({ length: 64 }, () => 0xff)],
  ['text', new TextEncoder().encode('<html>not a model</html>')],
  ['a truncated varint', Uint8Array.of(0x08, 0x80, 0x80)],
  ['a varint that is too long', Uint8Array.of(0x08, ...new Array<number>(11).fill(0xff), 1)],
  ['a length beyond the end', field(7, Uint8Array.of(1, 2, 3), 1000)],
  ['a length of 4 GiB', field(7, Uint8Array.of(1, 2, 3), 2 ** 32 - 1)],
  [
    'a graph of garbage',
    field(
      7,
      Uint8Array.from({ length: 32 }, (_, i) => 255 - i),
    ),
  ],
  ['a group that never ends', Uint8Array.of(0x3b, 0x3b, 0x3b)],
  ['field 0', Uint8Array.of(0x00, 0x00)],
  ['a wire type that there is not', Uint8Array.of(0x0f, 0x01)],
  ['nothing but a version', Uint8Array.of(0x08, 0x08)],
  ...[0.25, 0.5, 0.75, 0.95].map(
    (part): Row => [
      `the first ${part * 100}% of a model`,
      bytes.subarray(0, Math.floor(bytes.length * part)),
    ],
  ),
  ['graphs nested 300 deep', () => onnxBytes({ ...sound, nodes: [nested(12)] })],
  [
    'messages nested 600 deep',
    () => {
      let content: Uint8Array = new Uint8Array()
      for (let i = 0; i < 600; i++) content = field(i % 2 === 0 ? 6 : 1, field(5, content))
      return field(7, content)
    },
  ],
]

const structure: readonly Row[] = [
  ['opset 6', model({ opset: 6 })],
  ['opset 26', model({ opset: 26 })],
  ['opset -1', withModel((m) => Object.assign(m.opsetImport[0] ?? {}, { version: -1n }))],
  ['two opsets', withModel((m) => m.opsetImport.push(create(OperatorSetIdProtoSchema, { version: 9n })))],
  ['a cycle', model({ nodes: [node('Add', ['x', 'y'], ['h']), node('Relu', ['h'], ['y'])] })],
  ['a node that reads itself', model({ nodes: [node('Relu', ['y'], ['y'])] })],
  ['a name made twice', model({ nodes: [node('Relu', ['x'], ['y']), node('Abs', ['x'], ['y'])] })],
  ['an output that is an input', model({ nodes: [node('Relu', ['x'], ['x'])] })],
  ['two inputs of one name', model({ inputs: [...X, ...X] })],
  ['two tensors of one name', model({ tensors: [noise('w', [4, 3]), noise('w', [4, 3])] })],
  ['a tensor without a name', model({ tensors: [noise('', [4, 3])] })],
  ['an input without a name', model({ inputs: [['', 'float32', [2]]] })],
  ['a value that nothing makes', model({ nodes: [node('Relu', ['nowhere'], ['y'])] })],
  ['an output that nothing makes', model({ outputs: ['nowhere'] })],
  ['the name __proto__ that nothing makes', model({ nodes: [node('Relu', ['__proto__'], ['y'])] })],
  ['the operator __proto__', model({ nodes: [node('__proto__', ['x'], ['y'])] })],
  ['the operator constructor', model({ nodes: [node('constructor', ['x'], ['y'])] })],
  [
    'an attribute twice',
    withModel((m) =>
      m.graph?.node[1]?.attribute.push(
        ...node('A', [], [], { a: 1 }).attribute,
        ...node('A', [], [], { a: 1 }).attribute,
      ),
    ),
  ],
  ['a negative size of an input', model({ inputs: [['x', 'float32', [-7, 4]]] })],
  ['a huge size of an input', model({ inputs: [['x', 'float32', [2 ** 50, 4]]] })],
  [
    'an input of texts',
    withModel(
      (m) => ((m.graph?.input[0]?.type?.value.value as { elemType: number }).elemType = OnnxType.STRING),
    ),
  ],
  ['an input without a type', withModel((m) => Object.assign(m.graph?.input[0] ?? {}, { type: undefined }))],
  ['a missing input', model({ nodes: [node('MatMul', ['x'], ['y'])] })],
  ['an output too many', model({ nodes: [node('Relu', ['x'], ['y', 'z'])] })],
  ['shapes that do not fit', model({ tensors: [noise('w', [5, 3])] })],
  ['an attribute of another type', model({ nodes: [node('Softmax', ['x'], ['y'], { axis: 'one' })] })],
  [
    'an axis outside',
    model({
      nodes: [
        node('Softmax', ['x'], ['y'], { axis: 9 }),
        node('Concat', ['x'], ['z'], { axis: 9 }),
        node('Concat', ['x', 'x'], ['q'], { axis: -9 }),
      ],
      outputs: ['q'],
    }),
  ],
  [
    'a Conv without a kernel',
    model({ nodes: [node('Conv', ['x', 'w'], ['y'])], tensors: [noise('w', [4])] }),
  ],
  [
    'a Conv with pads for other dimensions',
    model({
      inputs: [['x', 'float32', [1, 3, 8, 8]]],
      nodes: [node('Conv', ['x', 'w'], ['y'], { pads: [1] })],
      tensors: [noise('w', [4, 3, 3, 3])],
    }),
  ],
  [
    'a Conv in 0 groups',
    model({
      inputs: [['x', 'float32', [1, 3, 8, 8]]],
      nodes: [node('Conv', ['x', 'w'], ['y'], { group: 0 })],
      tensors: [noise('w', [4, 3, 3, 3])],
    }),
  ],
  [
    'a pool with the stride 0',
    model({
      inputs: [['x', 'float32', [1, 3, 8, 8]]],
      nodes: [node('MaxPool', ['x'], ['y'], { kernel_shape: [2, 2], strides: [0, 0] })],
    }),
  ],
  ['a pool without a window', model({ nodes: [node('MaxPool', ['x'], ['y'])] })],
  [
    'a Reshape to other elements',
    model({ nodes: [node('Reshape', ['x', 's'], ['y'])], tensors: [ints('s', [3, 3])] }),
  ],
  [
    'a Reshape to two -1',
    model({ nodes: [node('Reshape', ['x', 's'], ['y'])], tensors: [ints('s', [-1, -1])] }),
  ],
  ['a Transpose of axes twice', model({ nodes: [node('Transpose', ['x'], ['y'], { perm: [0, 0] })] })],
  [
    'a Gather outside of a list',
    model({
      nodes: [node('Gather', ['l', 'i'], ['g']), node('Reshape', ['x', 'g'], ['y'])],
      tensors: [ints('l', [1, 2]), ints('i', [7])],
    }),
  ],
  [
    'a Split into other sizes',
    model({ nodes: [node('Split', ['x', 's'], ['y', 'z'], { axis: 1 })], tensors: [ints('s', [1, 9])] }),
  ],
  [
    'a Pad for other dimensions',
    model({ nodes: [node('Pad', ['x', 's'], ['y'])], tensors: [ints('s', [1])] }),
  ],
  ['a Cast to a type that there is not', model({ nodes: [node('Cast', ['x'], ['y'], { to: 999 })] })],
  ['a Constant without a value', model({ nodes: [node('Constant', [], ['y'])] })],
  [
    'an operator that nobody knows, without a type',
    model({ nodes: [node('Frobnicate', ['x'], ['y'], {}, { domain: 'example.org' })] }),
  ],
]

const tensors: readonly Row[] = [
  ['a negative size', withTensor((w) => (w.dims = [-4n, 3n]))],
  ['sizes beyond counting', withTensor((w) => (w.dims = [2n ** 40n, 2n ** 40n]))],
  ['a size of 2^63 - 1', withTensor((w) => (w.dims = [2n ** 63n - 1n]))],
  ['100 dimensions', withTensor((w) => (w.dims = new Array<bigint>(100).fill(1n)))],
  ['fewer bytes than elements', withTensor((w) => (w.rawData = w.rawData.subarray(1)))],
  ['more bytes than elements', withTensor((w) => (w.rawData = new Uint8Array(64)))],
  ['no elements', withTensor((w) => (w.rawData = new Uint8Array()))],
  ['raw and typed elements', withTensor((w) => (w.floatData = new Array<number>(12).fill(1)))],
  [
    'typed elements of two kinds',
    withTensor((w) => {
      w.rawData = new Uint8Array()
      w.floatData = new Array<number>(12).fill(1)
      w.int64Data = [1n]
    }),
  ],
  [
    'typed elements of another kind',
    withTensor((w) => {
      w.rawData = new Uint8Array()
      w.int64Data = new Array<bigint>(12).fill(1n)
    }),
  ],
  [
    'fewer typed elements',
    withTensor((w) => {
      w.rawData = new Uint8Array()
      w.floatData = [1, 2]
    }),
  ],
  ['texts', withTensor((w) => (w.dataType = OnnxType.STRING))],
  ['complex numbers', withTensor((w) => (w.dataType = OnnxType.COMPLEX64))],
  ['a type that there is not', withTensor((w) => (w.dataType = 4711))],
  [
    'a tensor of a terabyte without its bytes',
    withTensor((w) => {
      w.dims = [2n ** 20n, 2n ** 18n]
    }),
  ],
  [
    'sparse tensors',
    withModel((m) => m.graph?.sparseInitializer.push(create(SparseTensorProtoSchema, { dims: [1n] }))),
  ],
  [
    'a Constant whose bytes are short',
    model({
      nodes: [
        node('Constant', [], ['c'], {
          value: {
            tensor: create(TensorProtoSchema, { dims: [9n], dataType: 1, rawData: new Uint8Array(3) }),
          },
        }),
        node('Add', ['x', 'c'], ['y']),
      ],
    }),
  ],
  [
    'an empty list of dimensions with two elements',
    model({
      nodes: [node('Add', ['x', 'c'], ['y'])],
      tensors: [create(TensorProtoSchema, { name: 'c', dataType: 1, floatData: [1, 2] })],
    }),
  ],
]

/** Files that are refused, by what is wrong with them. */
export const hostileOnnx: readonly Row[] = [...encoded, ...structure, ...tensors]
