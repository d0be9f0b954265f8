// The operations: ATen's and lowbit's own, one definition each (inference, gradient, lowering, quantization facts).
// This layer must not know how graphs are run. A new operation gets its file, its line here, and its rows among the goldens.
import type { Operation } from '../ir/operation.ts'
import { maskPositive } from './activation/mask-positive.ts'
import { relu } from './activation/relu.ts'
import { full } from './creation/full.ts'
import { add, sub } from './elementwise/add.ts'
import { detach } from './elementwise/detach.ts'
import { mul } from './elementwise/mul.ts'
import { expand, sum } from './reduction/sum.ts'
import { reshape } from './shape/reshape.ts'

/** Every operation, in the order of their files. */
export const operations: readonly Operation[] = [maskPositive, relu, full, add, sub, detach, mul, expand, sum, reshape]
