// Random numbers inside a graph: functions of a seed that the caller gives, so that a graph stays a function of its inputs.
import type { Operation } from '../../ir/operation.ts'
import { uniformLike } from './uniform-like.ts'

/** Operations that draw random numbers. */
export const randomOperations: readonly Operation[] = [uniformLike]
