// Convolutions and their adjoints. Which form they are lowered to is chosen by shape and by what the engine can do, as measured: each
// `lower-*.ts` holds the choice and the forms. This folder must not know networks or sessions.
import type { Operation } from '../../ir/operation.ts'
import { conv1d, conv2d, conv3d } from './conv.ts'
import { convTranspose1d, convTranspose2d, convTranspose3d } from './conv-transpose.ts'
import { convInputGradient, convolution, convWeightGradient } from './convolution.ts'

/** Convolutions, transposed convolutions and their gradients. */
export const convolutionOperations: readonly Operation[] = [
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  convolution,
  convInputGradient,
  convWeightGradient,
]
