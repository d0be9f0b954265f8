import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  TensorProto_DataType as OnnxType,
  type TensorProto,
} from '../../codec/onnx.ts'

/** ONNX Runtime stores a bias in steps of both scales, as int32: half of its range is left for the products. */
const MOST_STEPS = 2 ** 30

/**
 * Keeps biases from overflowing. ONNX Runtime (1.20 and later) writes the bias of a quantized convolution or product as int32 in steps of the input's
 * scale times the weight's; for a channel whose weights are next to nothing that overflows, and its results are wrong. Such a channel gets a larger
 * scale and its values the integers nearest to what they were: what is lost is less than what float32 tells apart beside the bias.
 * @param isOurs whether a tensor, by its name, may be changed. Default: all
 */
export function spareBiases({ graph }: ModelProto, isOurs: (name: string) => boolean = () => true): void {
  if (graph === undefined) return
  const index = new GraphIndex(graph)
  for (const node of graph.node) {
    if (!['Conv', 'ConvTranspose', 'Gemm'].includes(node.opType)) continue
    const [x = '', w = '', b = ''] = node.input
    const [input, weight] = [index.dequantizer(x), index.dequantizer(w)]
    const bias = index.floats(b)
    const step = index.floats(input?.input[1])?.[0]
    if (weight === undefined || bias === undefined || step === undefined) continue
    const [data, scale] = [index.tensor(weight.input[0]), index.tensor(weight.input[1])]
    if (data && scale && isOurs(data.name) && isOurs(scale.name))
      widen(weight, { data, scale, bias, step }, index)
  }
}

interface QuantizedWeight {
  readonly data: TensorProto
  readonly scale: TensorProto
  readonly bias: Float32Array
  /** Scale of the input. */
  readonly step: number
}

function widen(node: NodeProto, { data, scale, bias, step }: QuantizedWeight, index: GraphIndex): void {
  const scales = index.floats(scale.name)
  const isByte = data.dataType === OnnxType.INT8 || data.dataType === OnnxType.UINT8
  const isBlocked = node.attribute.some(({ name, i }) => name === 'block_size' && i !== 0n)
  if (scales === undefined || !isByte || isBlocked || (scales.length !== 1 && scales.length !== bias.length))
    return
  const needed = Float32Array.from(scales, (_, channel) => {
    const own = scales.length === 1 ? bias : bias.subarray(channel, channel + 1)
    return own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / (step * MOST_STEPS)
  })
  if (needed.every((least, channel) => least <= (scales[channel] ?? 0))) return
  const wider = scales.map((value, channel) => Math.max(value, needed[channel] ?? 0))
  const axis = Number(node.attribute.find(({ name }) => name === 'axis')?.i ?? 1n)
  const inner = data.dims.slice(axis + 1).reduce((product, size) => product * Number(size), 1)
  const zeros = index.tensor(node.input[2])?.rawData
  const bytes = data.rawData.slice()
  const values = data.dataType === OnnxType.INT8 ? new Int8Array(bytes.buffer) : bytes
  const points = zeros && (data.dataType === OnnxType.INT8 ? Int8Array.from(zeros) : zeros)
  for (const [i, value] of values.entries()) {
    const channel = scales.length === 1 ? 0 : Math.floor(i / inner) % scales.length
    const zero = points?.[points.length === 1 ? 0 : channel] ?? 0
    values[i] = zero + Math.round(((value - zero) * (scales[channel] ?? 1)) / (wider[channel] ?? 1))
  }
  data.rawData = bytes
  scale.rawData = new Uint8Array(wider.buffer)
}

/** Tensors and makers of a graph by name. */
class GraphIndex {
  readonly #tensors: ReadonlyMap<string, TensorProto>
  readonly #makers: ReadonlyMap<string, NodeProto>

  constructor({ initializer, node }: GraphProto) {
    this.#tensors = new Map(initializer.map((tensor) => [tensor.name, tensor]))
    this.#makers = new Map(node.flatMap((each) => each.output.map((name) => [name, each] as const)))
  }

  tensor(name = ''): TensorProto | undefined {
    return this.#tensors.get(name)
  }

  dequantizer(name: string): NodeProto | undefined {
    const maker = this.#makers.get(name)
    return maker?.opType === 'DequantizeLinear' ? maker : undefined
  }

  /** Elements of a tensor of float32; undefined for another one, or what is no tensor. */
  floats(name: string | undefined): Float32Array | undefined {
    const tensor = this.tensor(name)
    if (tensor?.dataType !== OnnxType.FLOAT) return undefined
    const { rawData, floatData } = tensor
    return rawData.byteLength > 0 ? new Float32Array(rawData.slice().buffer) : Float32Array.from(floatData)
  }
}
