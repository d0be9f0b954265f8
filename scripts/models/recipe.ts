import type { HostArray } from 'lowbit'

/** A complete set of inputs by name. */
export type Inputs = Readonly<Record<string, HostArray>>

/** What a model made of a complete set of inputs, by the names of its outputs. */
export type Outputs = Readonly<Record<string, HostArray>>

/** Inputs that a model is tested on, with what it should find in them. */
export interface Sample<T = unknown> {
  readonly inputs: Inputs
  readonly truth: T
}

/** A task that says whether a model still does what it is for. */
export interface Task<T = unknown> {
  /** `characters read`; more is better. */
  readonly name: string
  /** Share from 0 to 1 over all samples. @param float what the float model made of them */
  measure(samples: readonly Sample<T>[], outputs: readonly Outputs[], float: readonly Outputs[]): number
}

/** What a model is calibrated with and tested on; no test sample is calibrated with. */
export interface ModelData<T = unknown> {
  readonly calibration: readonly Inputs[]
  readonly test: readonly Sample<T>[]
}

/** A real model: where it is, inputs that mean something, and what it is for. */
export interface Recipe<T = unknown> {
  readonly name: string
  /** What it is, and what its inputs are, in a sentence for the page. */
  readonly about: string
  /** Path of the float ONNX file. @throws RangeError that says how to get it */
  locate(python: string | undefined): Promise<string>
  load(python: string | undefined): Promise<ModelData<T>>
  readonly task: Task<T>
}
