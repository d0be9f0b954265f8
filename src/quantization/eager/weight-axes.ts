import { Conv1d, Conv2d, Conv3d } from '../../nn/layers/convolution.ts'
import { Embedding } from '../../nn/layers/embedding.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from '../../nn/layers/transposed-convolution.ts'
import type { AnyModule, ModuleClass } from '../../nn/module.ts'
import { ConfigError } from '../config-error.ts'
import { type Granularity, PerBlock, PerChannel } from '../spec/granularity.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'
import type { StateSlot } from './state-specs.ts'

/** Layers whose weight [out, in, ...] has its channels along axis 0. */
const OUT_FIRST: readonly ModuleClass[] = [Linear, Conv1d, Conv2d, Conv3d, Embedding]
/** Layers whose weight is [in, out, ...]. */
const IN_FIRST: readonly ModuleClass[] = [ConvTranspose1d, ConvTranspose2d, ConvTranspose3d]

/** Whether a granularity needs an axis and names none. */
function isOpen(granularity: Granularity): boolean {
  if (granularity.type === 'per_tensor' || granularity.axis !== null) return false
  return granularity.type === 'per_channel' || typeof granularity.blockSize === 'number'
}

/**
 * The spec of a state with an axis: channels of the output, blocks along those of the input, as the layers have them whose weight it is.
 * @throws ConfigError when no layer tells the axis, or layers that share the weight have different ones
 */
export function withWeightAxis(spec: QuantizationSpec, slots: readonly StateSlot[]): QuantizationSpec {
  const { granularity } = spec
  if (!isOpen(granularity)) return spec
  const axes = new Set(
    slots.flatMap(({ module, name }) => (name === 'weight' ? axisOf(module, granularity) : [])),
  )
  const [axis, ...others] = axes
  const [{ path, name } = { path: '', name: 'a state' }] = slots
  const state = path === '' ? name : `${path}.${name}`
  if (axis === undefined) throw withoutAxis(state, granularity, 'no layer that tells it')
  if (others.length > 0)
    throw withoutAxis(state, granularity, `${[...axes].join(' and ')} from the layers that share it`)
  return spec.with({
    granularity:
      granularity.type === 'per_block' ? new PerBlock(granularity.blockSize, axis) : new PerChannel(axis),
  })
}

/** @throws ConfigError for the spec of an activation that names no axis */
export function expectAxis({ granularity }: QuantizationSpec, name: string): void {
  if (!isOpen(granularity)) return
  throw new ConfigError(
    `Cannot quantize "${name}": expected an axis for the ${granularity.type} granularity of an activation, got none`,
    'granularity.axis',
  )
}

function axisOf(module: AnyModule, { type }: Granularity): number[] {
  const isChannel = type === 'per_channel'
  if (OUT_FIRST.some((Layer) => module instanceof Layer)) return [isChannel ? 0 : 1]
  if (IN_FIRST.some((Layer) => module instanceof Layer)) return [isChannel ? 1 : 0]
  return []
}

function withoutAxis(state: string, { type }: Granularity, got: string): ConfigError {
  return new ConfigError(
    `Cannot quantize "${state}": expected one axis for its ${type} granularity, got ${got}\nHint: give its spec an axis`,
    'granularity.axis',
  )
}
