import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { inputAt } from '../inference.ts'
import { counterBits, seedAt } from './counter-bits.ts'

/** Evenly distributed float32 values in [0, 1), in steps of 2^-24, of the first input's shape; the second, an int64 scalar, seeds them. */
export const uniformLike: Operation<NoAttributes> = defineOp({
  name: 'lowbit.uniform_like',
  infer(inputs) {
    seedAt('lowbit.uniform_like', inputs, 1)
    return [{ shape: inputAt('lowbit.uniform_like', inputs, 0).shape, dtype: 'float32' }]
  },
  gradient: 'none',
  lower(e, { inputs: [x] }) {
    const bits = counterBits(e, x?.shape ?? [], e.inputs[1] ?? '')
    return [e.op('Mul', [e.cast(bits, 'float32'), e.scalar(2 ** -24)])]
  },
})
