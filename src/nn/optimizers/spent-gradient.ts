import { place } from '../../engine/placement.ts'
import { Storage } from '../../engine/storage.ts'
import { Tensor } from '../../engine/tensor.ts'
import { Value } from '../../ir/node.ts'
import type { Parameter } from '../parameter.ts'

const REASON =
  'step() used this gradient up\nHint: read it before step(), or record a new one with zeroGrad() and backward()'

const spent = new WeakSet<Tensor>()
const byParameter = new WeakMap<Parameter, Tensor>()

/** What stands in a parameter's `grad` after a step: it cannot be read, and says why. */
export function spentGradient(parameter: Parameter): Tensor {
  const known = byParameter.get(parameter)
  if (known !== undefined) return known
  const { dtype, shape } = parameter
  const value = new Value({ shape, dtype })
  // Nothing is stored, so the storage's own shape does not matter.
  const storage = new Storage(dtype, [])
  storage.lost = REASON
  place(value, storage)
  const gradient = new Tensor(value)
  spent.add(gradient)
  byParameter.set(parameter, gradient)
  return gradient
}

/** Whether a gradient was used up by a step. */
export function isSpent(gradient: Tensor): boolean {
  return spent.has(gradient)
}
