/** The configurations that each backend is verified with. */
import { ExportBackend, QuantizerConfig, type SaveOptions } from 'lowbit'

/** A configuration, and how its files are written. */
export interface VerifiedConfig {
  readonly name: string
  /** @param blockSize a size that divides the channels of the model's weights */
  content(blockSize: number): object
  readonly options?: SaveOptions
  /** Whether activations are quantized, so that a value near the middle of two steps may go either way. */
  readonly hasActivations?: boolean
  /** Whether the scales of activations are made powers of two. */
  readonly hasExactScales?: boolean
  /** Whether every number must be equal where no value is near such a middle: both sides compute with the same integers. */
  readonly isExact?: boolean
}

const tensorwise = { granularity: { type: 'per_tensor' } }
const channels = { granularity: { type: 'per_channel', axis: 0 } }
/** Sizes that divide the channels of one model or another. */
const blocks = (blockSize: number) => ({ granularity: { type: 'per_block', axis: 1, block_size: blockSize } })

function weightOnly(
  name: string,
  weight: (blockSize: number) => object,
  options: SaveOptions = {},
): VerifiedConfig {
  const content = (blockSize: number) => ({
    op_input_spec: null,
    op_output_spec: null,
    op_state_spec: { weight: weight(blockSize) },
  })
  return { name, options, content }
}

function withActivations(name: string, weight: object, activation: object): VerifiedConfig {
  const spec = { '*': activation }
  const content = () => ({ op_input_spec: spec, op_output_spec: spec, op_state_spec: { weight } })
  return { name, content, hasActivations: true }
}

const asymmetric = { qscheme: 'asymmetric' }
const w8a8: VerifiedConfig = {
  ...withActivations('w8a8', { dtype: 'int8', ...channels }, { dtype: 'int8', ...tensorwise }),
  isExact: true,
}
const unsigned = withActivations(
  'uint8',
  { dtype: 'uint8', ...asymmetric, ...channels },
  { dtype: 'uint8', ...asymmetric, ...tensorwise },
)
const int8 = weightOnly('int8', () => ({ dtype: 'int8', ...channels }))
const int4 = weightOnly('int4-blocks', (size) => ({ dtype: 'int4', ...blocks(size) }))
const uint4 = weightOnly('uint4', () => ({ dtype: 'uint4', ...asymmetric, ...channels }))
const fp8 = weightOnly('fp8', () => ({ dtype: 'float8_e4m3fn', ...channels }))

/** Configurations by backend. */
export const configs: ReadonlyMap<ExportBackend, readonly VerifiedConfig[]> = new Map([
  [
    ExportBackend.ONNX,
    [
      w8a8,
      unsigned,
      int8,
      int4,
      uint4,
      fp8,
      withActivations(
        'fp8-activations',
        { dtype: 'float8_e4m3fn', ...channels },
        { dtype: 'float8_e4m3fn', ...tensorwise },
      ),
      weightOnly('int2', (size) => ({ dtype: 'int2', ...blocks(size) }), { opset: 25 }),
      { ...int4, name: 'int4-nbits', options: { matMulNBits: true, externalData: true } },
    ],
  ],
  [
    ExportBackend.CoreAI,
    [
      w8a8,
      unsigned,
      int8,
      int4,
      uint4,
      fp8,
      weightOnly('int2', (size) => ({ dtype: 'int2', ...blocks(size) })),
    ],
  ],
  [ExportBackend.CoreML, [w8a8, unsigned, int8, int4, uint4]],
])

/** A quantizer's config of what a configuration says. */
export function quantizerConfig({ content }: VerifiedConfig, blockSize: number): QuantizerConfig {
  return QuantizerConfig.fromDict({ quantization_config: { global_config: content(blockSize) } })
}
