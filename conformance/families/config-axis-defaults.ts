import {
  type AnyModule,
  BatchNorm2d,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  Embedding,
  FakeQuantize,
  LayerNorm,
  Linear,
  ModuleQuantizerConfig,
  QuantizationSpec,
  Quantizer,
  QuantizerConfig,
  type Tensor,
  tensor,
  zeros,
} from 'lowbit'
import type { EntryContext, JsonObject } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { compareDicts } from './recorded-dicts.ts'

/** A module whose weight has the recorded shape, and something that it takes. */
const SUBJECTS: Readonly<Record<string, () => readonly [AnyModule, Tensor]>> = {
  Conv1d: () => [new Conv1d(4, 8, 3), zeros([1, 4, 6])],
  Conv2d: () => [new Conv2d(4, 8, 3), zeros([1, 4, 6, 6])],
  Conv3d: () => [new Conv3d(4, 8, 3), zeros([1, 4, 6, 6, 6])],
  ConvTranspose1d: () => [new ConvTranspose1d(4, 8, 3), zeros([1, 4, 6])],
  ConvTranspose2d: () => [new ConvTranspose2d(4, 8, 3), zeros([1, 4, 6, 6])],
  ConvTranspose3d: () => [new ConvTranspose3d(4, 8, 3), zeros([1, 4, 6, 6, 6])],
  Linear: () => [new Linear(4, 8), zeros([2, 4])],
  Embedding: () => [new Embedding(8, 4), tensor([[0, 1, 2]], { dtype: 'int64' })],
  LayerNorm: () => [new LayerNorm(4), zeros([2, 4])],
  BatchNorm2d: () => [new BatchNorm2d(4), zeros([2, 4, 3, 3])],
}

/** Checks an entry of config/axis_defaults: which axis a granularity without one gets, or the error. */
export async function checkAxisDefault({ entry }: EntryContext): Promise<Divergence | undefined> {
  let found: FakeQuantize | undefined
  try {
    found = await quantizerFor(entry)
  } catch (error) {
    return compareError('prepare', entry.error ?? 'no error', error)
  }
  if (entry.error !== undefined) return compareError('prepare', entry.error, undefined)
  const isQuantized = entry.quantized !== false
  if (!isQuantized || found === undefined) return compareDicts('quantized', isQuantized, found !== undefined)
  const { scale } = found.qparams()
  const { granularity } = found
  return (
    compareDicts('scale_shape', entry.scale_shape, [...scale.shape]) ??
    ('resolved_axis' in entry
      ? compareDicts(
          'resolved_axis',
          entry.resolved_axis,
          granularity.type === 'per_tensor' ? null : granularity.axis,
        )
      : undefined)
  )
}

/** The fake quantizer that an entry's granularity gives, if any. */
async function quantizerFor({ module, granularity, mode }: JsonObject): Promise<FakeQuantize | undefined> {
  const spec = QuantizationSpec.fromDict({ granularity })
  const isWeight = typeof module === 'string'
  const make = SUBJECTS[isWeight ? module : 'Linear']
  if (make === undefined)
    throw new RangeError(`Cannot check a module: expected one that is known, got ${String(module)}`)
  const [model, input] = make()
  const config = new QuantizerConfig({
    globalConfig: new ModuleQuantizerConfig({
      opInputSpec: isWeight ? {} : { '*': spec },
      opOutputSpec: {},
      opStateSpec: isWeight ? { weight: spec } : {},
    }),
    executionMode: mode === 'eager' ? 'eager' : 'graph',
  })
  const prepared = await new Quantizer(model, config, { logger: { warn: () => {} } }).prepare([input])
  for (const [, part] of prepared.namedModules()) if (part instanceof FakeQuantize) return part
  return undefined
}
