import type { FakeQuantizerReport, MatchReport, OpReport, RemovalReport } from './reports.ts'

/** What is known of how a model is quantized. */
export interface Inspection {
  readonly operations: readonly OpReport[]
  readonly matches: readonly MatchReport[]
  readonly fakeQuantizers: readonly FakeQuantizerReport[]
  readonly removed: readonly RemovalReport[]
}

/**
 * Tells how graph mode quantizes a model: which entry of the config won for each operation, where fake quantizers stand and which places
 * share one, and what is not quantized and why not. `Quantizer.inspect` gives one.
 */
export class ModelInspector implements Inspection {
  /** The operations of the model as it was captured, in the order in which they run. */
  readonly operations: readonly OpReport[]
  /** Every pattern that was found, the strongest first. */
  readonly matches: readonly MatchReport[]
  /** The fake quantizers of the prepared graph, by number. */
  readonly fakeQuantizers: readonly FakeQuantizerReport[]
  /** Fake quantizers that were asked for and could not be. */
  readonly removed: readonly RemovalReport[]

  constructor({ operations, matches, fakeQuantizers, removed }: Inspection) {
    this.operations = operations
    this.matches = matches
    this.fakeQuantizers = fakeQuantizers
    this.removed = removed
  }
}
