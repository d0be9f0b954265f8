// Optimizers, schedules of their learning rates, and clipping of gradients, with PyTorch's names and defaults.
export { Adam, type AdamOptions, AdamW } from './adam.ts'
export { clipGradNorm, clipGradValue } from './clip-gradients.ts'
export { OneCycleLR, type OneCycleOptions } from './one-cycle.ts'
export { type LearningRate, Optimizer, type Update } from './optimizer.ts'
export type { OptimizerState } from './optimizer-state.ts'
export type { ParameterGroup, ParameterGroups } from './parameter-groups.ts'
export {
  CosineAnnealingLR,
  LearningRateSchedule,
  LinearLR,
  type LinearLROptions,
  type Scheduled,
  StepLR,
} from './schedules.ts'
export { SGD, type SGDOptions } from './sgd.ts'
export type { Slot } from './slot.ts'
