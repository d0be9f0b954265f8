// Tensors made from attributes, or from the shape of another.
import type { Operation } from '../../ir/operation.ts'
import { arange } from './arange.ts'
import { ones, onesLike, zeros, zerosLike } from './filled.ts'
import { full } from './full.ts'

/** Operations that make tensors. */
export const creationOperations: readonly Operation[] = [full, zeros, ones, zerosLike, onesLike, arange]
