import { afterAll, expect, test } from 'vitest'
import { randn } from '../engine/create-tensors.ts'
import { closeEngine } from '../engine/engine.ts'
import type { Tensor } from '../engine/tensor.ts'
import { exportModule } from './export-module.ts'
import { Module } from './module.ts'

afterAll(() => closeEngine())

class Sum extends Module<[Tensor, Tensor], Tensor> {
  override forward(left: Tensor, right: Tensor): Tensor {
    return left.add(right)
  }
}

const x = randn([2, 3])
const captured = exportModule(new Sum(), [x, x])

test.each<[string, unknown[], string]>([
  ['lacks', [x], 'expected a tensor as input 1 ("right"), got nothing'],
  ['has as undefined', [undefined, x], 'expected a tensor as input 0 ("left"), got nothing'],
  ['has as null', [x, null], 'expected a tensor as input 1 ("right"), got null'],
  ['has beyond', [x, x, x], 'expected 2 inputs, got 3'],
])('GraphModule names the input that a call %s', (_, inputs, message) => {
  expect(() => captured(...inputs)).toThrow(new TypeError(`Cannot run the graph: ${message}`))
})
