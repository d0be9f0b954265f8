import { afterAll, expect, test } from 'vitest'
import { ones } from '../../engine/create-tensors.ts'
import { recorder } from '../../engine/recorder.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { exportModule } from '../../nn/export-module.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { Module } from '../../nn/module.ts'
import { Quantizer } from '../quantizer.ts'

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
