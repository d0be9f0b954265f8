// Matrix products and what is made of them.
import type { Operation } from '../../ir/operation.ts'
import { addmm } from './addmm.ts'
import { einsum } from './einsum.ts'
import { linear } from './linear.ts'
import { bmm, matmul } from './matmul.ts'
import { product } from './product.ts'

/** Matrix products. */
export const matrixOperations: readonly Operation[] = [linear, matmul, bmm, addmm, einsum, product]
