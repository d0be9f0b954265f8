import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { inputAt } from '../inference.ts'

/** The same values as a tensor of their own. */
export const clone: Operation<NoAttributes> = copy('aten.clone', { passThrough: 'rankPreserving' })

/** The same values under another name. */
export const alias: Operation<NoAttributes> = copy('aten.alias')

/** The same values; every tensor here is contiguous. */
export const contiguous: Operation<NoAttributes> = copy('aten.contiguous')

/** A constant of the program's text as a tensor. */
export const liftFreshCopy: Operation<NoAttributes> = copy('aten.lift_fresh_copy')

/** Values never change in place, so that a copy is the value itself. */
function copy(name: string, quantization: Operation['quantization'] = {}): Operation<NoAttributes> {
  return defineOp({
    name,
    infer: (inputs) => [inputAt(name, inputs, 0)],
    gradient: ({ gradients: [g] }) => [g ?? null],
    lower: (e) => [e.inputs[0] ?? ''],
    mil: (e) => [e.input(0)],
    quantization,
  })
}
