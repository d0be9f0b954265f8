// Recurrent layers, and the operations that their gradients are.
import type { Operation } from '../../ir/operation.ts'
import { gru, gruGradient } from './gru.ts'
import { lstm, lstmGradient } from './lstm.ts'

/** Recurrent layers and their gradients. */
export const recurrentOperations: readonly Operation[] = [lstm, lstmGradient, gru, gruGradient]
