// Fake quantizers: modules that observe tensors and give them the values that a quantized tensor can hold.

export { FakeQuantize, type FakeQuantizeClass, type FakeQuantizeOptions } from './fake-quantize.ts'
export { fakeQuantizers, makeFakeQuantize } from './fake-quantizers.ts'
export { Flag } from './flag.ts'
