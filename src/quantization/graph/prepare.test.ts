import { afterAll, expect, test } from 'vitest'
import { ones } from '../../engine/create-tensors.ts'
import { noGrad, recorder } from '../../engine/recorder.ts'
import { fromHost, type Tensor, tensorsIn } from '../../engine/tensor.ts'
import { exportModule } from '../../nn/export-module.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { Module } from '../../nn/module.ts'
import { SGD } from '../../nn/optimizers/sgd.ts'
import { stateDict } from '../../nn/state-dict.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { QuantizerConfig } from '../config/quantizer-config.ts'
import { FakeQuantize } from '../fake-quantize/fake-quantize.ts'
import { Quantizer } from '../quantizer.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'

afterAll(() => recorder.device.close())

class Sum extends Module {
  readonly read: Linear = new Linear(4, 4)
  readonly unread: Linear = new Linear(4, 4)

  override forward(x: Tensor): Tensor {
    return this.read(x).add(this.unread(x))
  }
}

test('Quantizer.prepare() drops what nothing reads, with its fake quantizers', async () => {
  const captured = exportModule(new Sum(), [ones([2, 4])])
  const [first] = captured.graph.nodes.filter(({ op }) => op.name === 'aten.linear')
  captured.graph.outputs.splice(0, 1, ...(first?.outputs ?? []))
  const quantizer = new Quantizer(captured)
  const prepared = await quantizer.prepare([ones([2, 4])])
  expect(quantizer.inspect().fakeQuantizers.map(({ module }) => module)).toEqual(['read', 'read', 'read'])
  const linears =
    prepared instanceof Sum ? [] : prepared.graph.nodes.filter(({ op }) => op.name === 'aten.linear')
  expect(linears).toHaveLength(1)
})

test('Quantizer.prepare() that is told of a calibration does not run the example, and the ranges become the same', async () => {
  const activation = new QuantizationSpec({ qscheme: 'asymmetric', qparamCalculator: 'global_minmax' })
  const spec = { opInputSpec: { '*': activation }, opOutputSpec: { '*': activation } }
  const config = new QuantizerConfig({ globalConfig: new ModuleQuantizerConfig(spec) })
  const model = exportModule(new Sum().eval(), [ones([2, 4])])
  const batches = [[ones([2, 4])], [ones([2, 4]).mul(-3)]]
  const observed = async (calibrates: boolean) => {
    const quantizer = new Quantizer(model, config)
    const { compiled } = recorder.sessions.stats
    const prepared = await quantizer.prepare(batches[0] ?? [], { calibrates })
    const runs = recorder.sessions.stats.compiled - compiled
    await quantizer.calibrate(batches)
    return { runs, state: await stateDict(prepared) }
  }
  const [usual, told] = [await observed(false), await observed(true)]
  expect([usual.runs, told.runs]).toEqual([1, 0])
  expect(told.state).toEqual(usual.state)
})

test('Quantizer.prepare() observes weights that are not finite as a run does', async () => {
  const model = new Sum().eval()
  const values = new Float32Array(16).fill(1)
  values[5] = Number.POSITIVE_INFINITY
  model.read.weight.assign(fromHost(fromTypedArray(values, [4, 4])))
  const prepared = await new Quantizer(model).prepare([ones([2, 4])])
  const state = await stateDict(prepared)
  const scales = Array.from(state).flatMap(([name, array]) =>
    name.endsWith('.scale') && array.shape[0] === 4 ? [Array.from(toFloat32(array))] : [],
  )
  expect(scales).toHaveLength(2)
  expect(scales[0]).toEqual([2 / 255, Number.POSITIVE_INFINITY, 2 / 255, 2 / 255].map(Math.fround))
  expect(scales.flat().every((scale) => scale > 0)).toBe(true)
})

test('Quantizer.calibrate() observes weights again once they have changed, and only then', async () => {
  const model = new Sum()
  const quantizer = new Quantizer(model.eval())
  const prepared = await quantizer.prepare([ones([2, 4])])
  const [weight] = Array.from(prepared.namedModules(), ([, module]) => module).filter(
    (module) => module instanceof FakeQuantize && module.target === 'weight',
  )
  const { scale } = weight instanceof FakeQuantize ? weight.qparams() : {}
  if (scale === undefined) throw new Error('expected the fake quantizer of a weight')
  await quantizer.calibrate([[ones([2, 4])], [ones([2, 4])]])
  const [version, before] = [scale.version, [...(await scale.data())]]
  await quantizer.calibrate([[ones([2, 4])], [ones([2, 4])]])
  expect(scale.version).toBe(version)
  for (const { weight } of [model.read, model.unread]) weight.assign(noGrad(() => weight.mul(2)))
  await quantizer.calibrate([[ones([2, 4])]])
  expect([...(await scale.data())]).toEqual(before.map((value) => Number(value) * 2))
})

test('Quantizer.prepare() leaves nothing that makes later runs compile twice', async () => {
  const quantizer = new Quantizer(new Sum().eval())
  const prepared = await quantizer.prepare([ones([2, 4])])
  expect(recorder.once).toBe(false)
  const optimizer = new SGD(prepared.parameters(), { lr: 0.1 })
  const { compiled } = recorder.sessions.stats
  const step = async () => {
    optimizer.zeroGrad()
    const [output] = tensorsIn(prepared(ones([2, 4])))
    output?.sum().backward()
    optimizer.step()
    await recorder.settled()
  }
  await quantizer.trainingMode(async () => {
    await step()
    await step()
  })
  expect(recorder.sessions.stats.compiled - compiled).toBe(1)
})
