import { afterAll, expect, test } from 'vitest'
import { cat, einsum } from '../../engine/combine-tensors.ts'
import { ones } from '../../engine/create-tensors.ts'
import { recorder } from '../../engine/recorder.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { hardswish, logSigmoid } from '../../nn/functional/index.ts'
import { BatchNorm1d } from '../../nn/layers/batch-norm.ts'
import { Dropout } from '../../nn/layers/dropout.ts'
import { Linear } from '../../nn/layers/linear.ts'
import { type AnyModule, Module } from '../../nn/module.ts'
import { QuantizerConfig } from '../config/quantizer-config.ts'
import { Quantizer } from '../quantizer.ts'
import { inspectEager } from './inspection.ts'

afterAll(() => recorder.device.close())

const INT8 = { dtype: 'int8', qscheme: 'symmetric', granularity: { type: 'per_tensor' } }

/** Prepares with nothing quantized but what enters and leaves a module. */
async function prepareBoundary(model: AnyModule, path: string): Promise<void> {
  const none = { op_input_spec: null, op_output_spec: null, op_state_spec: null }
  const boundary = { ...none, module_input_spec: { '*': INT8 }, module_output_spec: { '*': INT8 } }
  const config = QuantizerConfig.fromDict({
    quantization_config: {
      execution_mode: 'eager',
      global_config: none,
      module_name_configs: { [path]: boundary },
    },
  })
  await new Quantizer(model, config).prepare([ones([3, 4])])
}

/** A linear layer whose result a dropout returns. */
class Dropping extends Module {
  readonly layer: Linear = new Linear(4, 4)
  readonly dropout: Dropout = new Dropout(0.1)

  override forward(x: Tensor): Tensor {
    return this.dropout(this.layer(x))
  }
}

class Outer extends Module {
  readonly inner: Dropping = new Dropping()

  override forward(x: Tensor): Tensor {
    return this.inner(x).relu()
  }
}

class Joining extends Module {
  readonly norm: BatchNorm1d = new BatchNorm1d(4)

  override forward(x: Tensor): Tensor {
    return logSigmoid(cat([this.norm(x), x], 1))
  }
}

test('A dropout that is off returns the tensor that it gets, so that the layer before it makes what leaves the module', async () => {
  const model = new Outer()
  await prepareBoundary(model, 'inner')
  expect(inspectEager(model).fakeQuantizers.map(({ path }) => path)).toEqual([
    'inner.layer.linear_quantize_input',
    'inner.layer.linear_quantize_output_0',
    'inner.dropout.dropout_quantize_output_0',
  ])
})

/** Calls functions whose arguments PyTorch names in ways of their own. */
class Calling extends Module {
  override forward(x: Tensor): Tensor {
    const y = hardswish(x).div(x.add(2)).reshape([1, 3, 4])
    return einsum('bij,bkj->bik', y, y.bmm(y.transpose(1, 2)).bmm(y)).slice(2, 0, 2)
  }
}

test('Functions that only boundaries of modules reach go by the names that PyTorch has for them and their arguments', async () => {
  const model = new Calling()
  await prepareBoundary(model, '')
  const calls = inspectEager(model).calls
  expect(calls.map(({ name, inputs }) => [name, ...inputs.map((input) => input.fakeQuantizer)])).toEqual([
    ['add', 'add_quantize_input'],
    ['div', 'div_quantize_input', 'div_quantize_other'],
    ['reshape', 'reshape_quantize_0'],
    ['transpose', 'transpose_quantize_input'],
    ['bmm', 'bmm_quantize_input', 'bmm_quantize_mat2'],
    ['bmm_1', 'bmm_1_quantize_input', 'bmm_1_quantize_mat2'],
    ['einsum', 'einsum_quantize_1', 'einsum_quantize_2'],
    ['__getitem__', '__getitem___quantize_0'],
  ])
})

test('A batch norm has one result, a concat nothing to quantize, and a log-sigmoid the name that PyTorch has for it', async () => {
  const model = new Joining()
  await prepareBoundary(model, '')
  expect(inspectEager(model).calls.map(({ name, outputs }) => [name, outputs.length])).toEqual([
    ['norm.batch_norm', 1],
    ['logsigmoid', 1],
  ])
})
