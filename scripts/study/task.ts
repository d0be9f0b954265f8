import type { AnyModule, DynamicShapes, QuantizerConfig, Tensor } from 'lowbit'
import type { ConfigName } from './config-names.ts'

/** Inputs of a model, and what it should say of them. */
export type Batch = readonly [inputs: Tensor, targets: Tensor]

/** A model that is called with one tensor and gives one. */
export type OneToOne = AnyModule & ((inputs: Tensor) => Tensor)

/** How long and how fast something is trained. */
export interface Training {
  readonly steps: number
  /** Learning rate of Adam at the start; it falls to 0 along half a cosine. */
  readonly rate: number
}

/** What is learned, from what, and how well. */
export interface Task {
  readonly name: TaskName
  /** What `evaluate` gives: a percentage of right answers, where more is better, or a loss, where less is. */
  readonly metric: 'accuracy' | 'loss'
  /** Training from random weights, without quantization. */
  readonly float: Training
  /** Training of the quantized model. */
  readonly fineTuning: Training
  readonly calibrationBatches: number
  readonly dynamicShapes: DynamicShapes | undefined
  build(): OneToOne
  /** The config of a name, as this model needs it. */
  config(name: ConfigName): QuantizerConfig
  /** Batches of the data to train on, in the order of a seed. */
  batches(seed: number, count: number): AsyncIterable<Batch> | Iterable<Batch>
  lossOf(model: OneToOne, batch: Batch): Tensor
  /** How good a model is on data that it was not trained on. */
  evaluate(model: OneToOne): Promise<number>
}

/** Names of the tasks. */
export const TASKS = ['digits', 'text'] as const

/** What is learned. */
export type TaskName = (typeof TASKS)[number]
