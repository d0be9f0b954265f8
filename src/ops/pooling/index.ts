// Pools and their gradients. This folder must not know networks or sessions.
import type { Operation } from '../../ir/operation.ts'
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveAvgPoolGradient,
} from './adaptive-avg-pool.ts'
import { avgPool1d, avgPool2d, avgPool3d, avgPoolGradient } from './avg-pool.ts'
import { maxPool1d, maxPool2d, maxPool3d } from './max-pool.ts'
import { maxPoolGradient } from './max-pool-gradient.ts'

/** Max, average and adaptive average pools with their gradients. */
export const poolingOperations: readonly Operation[] = [
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxPoolGradient,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  avgPoolGradient,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveAvgPoolGradient,
]
