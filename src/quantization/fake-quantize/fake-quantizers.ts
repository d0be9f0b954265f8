import { Registry } from '../registry.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import type { FullSpec } from '../spec/spec-fields.ts'
import { FakeQuantize, type FakeQuantizeClass, type FakeQuantizeOptions } from './fake-quantize.ts'

/** Fake quantizers by the key under which a spec names them. */
export const fakeQuantizers: Registry<FakeQuantizeClass> = new Registry<FakeQuantizeClass>('fake quantizer', {
  default: FakeQuantize,
})

/** Makes the fake quantizer that a spec names. @throws ConfigError for a calculator that cannot be used for the target */
export function makeFakeQuantize(
  spec: FullSpec,
  target: QuantizationTarget,
  options: FakeQuantizeOptions = {},
): FakeQuantize {
  const Class = fakeQuantizers.get(spec.fakeQuantize)
  return new Class(spec, target, options)
}
