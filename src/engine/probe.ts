import { create } from '@bufbuild/protobuf'
import { encodeModel, ModelProtoSchema, ValueInfoProtoSchema } from '../codec/onnx.ts'
import type { Capability } from '../ir/emitter.ts'
import { ModelBuilder } from '../lowering/model-builder.ts'
import { onnxType } from '../lowering/onnx-dtype.ts'
import { fromValues } from '../tensor/from-values.ts'
import type { OrtModule } from './runtime.ts'

const NCHWC = 'com.microsoft.nchwc'

/** What a probe can find. */
type ProbedCapability = Exclude<Capability, 'storedFloat8' | 'blockedGraph'>

/** For each capability, nodes from the float32 value `x` of shape [1, 8, 4, 4] to the float32 value `y` that need it. */
const PROBES: Readonly<Record<ProbedCapability, (builder: ModelBuilder) => void>> = {
  fusedMatMul: (b) => b.addNode('FusedMatMul', ['x', 'x'], ['y'], { transB: 1 }, 'com.microsoft', 'probe'),
  nchwc(b) {
    const reshape = (value: string, shape: number[], result: string) =>
      b.addNode('Reshape', [value, b.addConstant(fromValues('int64', [4], shape))], [result], {}, '', 'probe')
    reshape('x', [1, 16, 4, 2], 'w')
    b.addNode('ReorderInput', ['w'], ['r'], { channels_last: 0 }, NCHWC, 'probe')
    reshape('r', [16, 4, 1, 2], 'f')
    reshape('x', [2, 4, 4, 4], 'd')
    b.addNode('Conv', ['d', 'f'], ['c'], { kernel_shape: [1, 2] }, NCHWC, 'probe')
    b.addNode('ReorderOutput', ['c'], ['y'], { channels: 16 }, NCHWC, 'probe')
  },
  nchwc16(b) {
    b.addNode('ReorderInput', ['x'], ['r'], { channels_last: 0 }, NCHWC, 'probe')
    // Half of the 16 channels are padding: reshaping fails where there are only the 8.
    const shape = b.addConstant(fromValues('int64', [4], [1, 16, 4, 4]))
    b.addNode('Reshape', ['r', shape], ['y'], {}, '', 'probe')
  },
  int16Quantize(b) {
    const scale = b.addConstant(fromValues('float32', [], [1]))
    const zero = b.addConstant(fromValues('int16', [], [0]))
    b.addNode('QuantizeLinear', ['x', scale, zero], ['q'], {}, '', 'probe')
    b.addNode('DequantizeLinear', ['q', scale, zero], ['y'], {}, '', 'probe')
  },
  float8: (b) => castThrough(b, 'float8_e4m3fn'),
  bfloat16: (b) => castThrough(b, 'bfloat16'),
  trainingBatchNorm(b) {
    const ones = b.addConstant(fromValues('float32', [8], new Float32Array(8).fill(1)))
    for (const name of ['mean', 'variance'])
      b.addNode('RandomUniform', [], [name], { shape: [8] }, '', 'probe')
    const inputs = ['x', ones, ones, 'mean', 'variance']
    b.addNode('BatchNormalization', inputs, ['y', 'm', 'v'], { training_mode: 1 }, '', 'probe')
  },
  simplifiedLayerNorm(b) {
    const ones = b.addConstant(fromValues('float32', [4], [1, 1, 1, 1]))
    b.addNode('SimplifiedLayerNormalization', ['x', ones], ['y', 'd'], { axis: -1 }, '', 'probe')
  },
}

/** Finds out what an engine can run, by running a small model for each capability. */
export async function probeCapabilities(ort: OrtModule): Promise<Capability[]> {
  const found: Capability[] = []
  for (const capability of Object.keys(PROBES) as ProbedCapability[]) {
    const builder = new ModelBuilder()
    PROBES[capability](builder)
    if (await runs(ort, builder)) found.push(capability)
  }
  return found
}

async function runs(ort: OrtModule, { nodes, initializers, domains }: ModelBuilder): Promise<boolean> {
  const model = create(ModelProtoSchema, {
    irVersion: 10n,
    opsetImport: [{ domain: '', version: 21n }, ...[...domains].map((domain) => ({ domain, version: 1n }))],
    graph: {
      name: 'probe',
      node: nodes,
      initializer: initializers,
      input: [declared('x', 4)],
      output: [declared('y', 4)],
    },
  })
  try {
    const session = await ort.InferenceSession.create(encodeModel(model), { logSeverityLevel: 4 })
    await session.run({ x: new ort.Tensor('float32', new Float32Array(128), [1, 8, 4, 4]) })
    await session.release()
    return true
  } catch {
    return false
  }
}

function castThrough(b: ModelBuilder, dtype: 'float8_e4m3fn' | 'bfloat16'): void {
  b.addNode('Cast', ['x'], ['q'], { to: { dtype } }, '', 'probe')
  b.addNode('Cast', ['q'], ['y'], { to: { dtype: 'float32' } }, '', 'probe')
}

function declared(name: string, rank: number) {
  const dim = Array.from({ length: rank }, (_, i) => ({
    value: { case: 'dimParam' as const, value: `${name}${i}` },
  }))
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: onnxType('float32'), shape: { dim } } } },
  })
}
