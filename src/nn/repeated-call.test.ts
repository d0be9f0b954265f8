import { expect, test } from 'vitest'
import { numbers, tensor } from '../../test/evaluate.ts'
import { noGrad, recorder } from '../engine/recorder.ts'
import type { Tensor } from '../engine/tensor.ts'
import { Node } from '../ir/node.ts'
import { add } from '../ops/elementwise/add.ts'
import { fromValues } from '../tensor/from-values.ts'
import { exportModule } from './export-module.ts'
import type { GraphModule } from './graph-module.ts'
import { Module } from './module.ts'
import { Buffer, Parameter } from './parameter.ts'

/** Keeps the sum of what it has seen, and twice its weight. */
class Keeper extends Module {
  readonly weight: Parameter = new Parameter(fromValues('float32', [2], [2, -3]))
  readonly sum: Buffer = new Buffer(fromValues('float32', [2], [0, 0]))
  readonly double: Buffer = new Buffer(fromValues('float32', [2], [0, 0]))

  override forward(x: Tensor): Tensor {
    this.sum.assign(this.sum.add(x))
    this.double.assign(this.weight.mul(2))
    return x.mul(this.weight)
  }
}

function capture(): { model: Keeper; captured: GraphModule } {
  const model = new Keeper()
  return { model, captured: exportModule(model.eval(), [tensor([1, 1])]) }
}

function call(captured: GraphModule, ...values: readonly number[]): Tensor {
  return noGrad(() => captured(tensor(values))) as Tensor
}

test('GraphModule records a call without gradients as one operation', () => {
  const { captured } = capture()
  recorder.enter()
  const output = call(captured, 1, 2)
  recorder.leave()
  expect(output.value.node?.op.name).toBe('lowbit.repeated_call')
})

test('GraphModule gives in every call what its inputs and its state say, and updates its state', async () => {
  const { model, captured } = capture()
  expect(await numbers(call(captured, 1, 2))).toEqual([2, -6])
  expect(await numbers(call(captured, 10, 20))).toEqual([20, -60])
  expect(await numbers(model.sum)).toEqual([11, 22])
  expect(await numbers(model.double)).toEqual([4, -6])
  model.weight.assign(tensor([5, 7]))
  expect(await numbers(call(captured, 1, 1))).toEqual([5, 7])
  expect(await numbers(model.double)).toEqual([10, 14])
  model.double.assign(tensor([0, 0]))
  expect(await numbers(call(captured, 1, 1))).toEqual([5, 7])
  expect(await numbers(model.double)).toEqual([10, 14])
})

test('GraphModule takes one tensor for several inputs, and the state of the model for one', async () => {
  class Product extends Module<[Tensor, Tensor]> {
    readonly weight: Parameter = new Parameter(fromValues('float32', [2], [2, -3]))

    override forward(a: Tensor, b: Tensor): Tensor {
      return a.mul(b).add(this.weight)
    }
  }
  const model = new Product()
  const captured = exportModule(model.eval(), [tensor([1, 1]), tensor([1, 1])])
  const x = tensor([3, 4])
  const same = noGrad(() => [
    captured(x, x),
    captured(x, model.weight),
    captured(tensor([1, 0]), x),
  ]) as Tensor[]
  expect(await Promise.all(same.map(numbers))).toEqual([
    [11, 13],
    [8, -15],
    [5, -3],
  ])
})

test('GraphModule records anew once its graph is edited', async () => {
  const { captured } = capture()
  expect(await numbers(call(captured, 1, 2))).toEqual([2, -6])
  const [output] = captured.graph.outputs
  if (output === undefined) throw new Error('expected an output')
  const twice = new Node(add, [output, output], { alpha: 1 })
  captured.graph.nodes.push(twice)
  captured.graph.outputs.splice(0, 1, ...twice.outputs)
  expect(await numbers(call(captured, 1, 2))).toEqual([4, -12])
})

test('GraphModule records every operation where gradients flow', () => {
  const { captured } = capture()
  const output = captured(tensor([1, 2])) as Tensor
  expect(output.requiresGrad).toBe(true)
})
