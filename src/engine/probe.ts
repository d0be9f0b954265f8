import { create } from '@bufbuild/protobuf'
import { encodeModel, ModelProtoSchema, ValueInfoProtoSchema } from '../codec/onnx.ts'
import type { Capability } from '../ir/emitter.ts'
import { ModelBuilder } from '../lowering/model-builder.ts'
import { onnxType } from '../lowering/onnx-dtype.ts'
import { fromValues } from '../tensor/from-values.ts'
import type { OrtModule } from './runtime.ts'

/** For each capability, nodes from the float32 value `x` of shape [1, 8, 4, 4] to the float32 value `y` that need it. */
const PROBES: Readonly<Record<Capability, (builder: ModelBuilder) => void>> = {
  fusedMatMul: (b) => b.addNode('FusedMatMul', ['x', 'x'], ['y'], { transB: 1 }, 'com.microsoft', 'probe'),
  nchwc(b) {
    b.addNode('ReorderInput', ['x'], ['r'], { channels_last: 0 }, 'com.microsoft.nchwc', 'probe')
    b.addNode('ReorderOutput', ['r'], ['y'], { channels: 8 }, 'com.microsoft.nchwc', 'probe')
  },
  int16Quantize(b) {
    const scale = b.addConstant(fromValues('float32', [], [1]))
    const zero = b.addConstant(fromValues('int16', [], [0]))
    b.addNode('QuantizeLinear', ['x', scale, zero], ['q'], {}, '', 'probe')
    b.addNode('DequantizeLinear', ['q', scale, zero], ['y'], {}, '', 'probe')
  },
  float8: (b) => castThrough(b, 'float8_e4m3fn'),
  bfloat16: (b) => castThrough(b, 'bfloat16'),
}

/** Finds out what an engine can run, by running a small model for each capability. */
export async function probeCapabilities(ort: OrtModule): Promise<Capability[]> {
  const found: Capability[] = []
  for (const capability of Object.keys(PROBES) as Capability[]) {
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
    graph: { name: 'probe', node: nodes, initializer: initializers, input: [declared('x', 4)], output: [declared('y', 4)] },
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
  const dim = Array.from({ length: rank }, (_, i) => ({ value: { case: 'dimParam' as const, value: `${name}${i}` } }))
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: onnxType('float32'), shape: { dim } } } },
  })
}
