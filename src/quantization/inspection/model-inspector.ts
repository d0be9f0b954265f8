import { QuantizationSpec } from '../spec/quantization-spec.ts'
import { type DrawOptions, drawGraph } from './draw-graph.ts'
import { formatTable } from './format-table.ts'
import type { FakeQuantizerReport, MatchReport, OpReport, PlaceReport, RemovalReport } from './reports.ts'

/** What is known of how a model is quantized. */
export interface Inspection {
  readonly operations: readonly OpReport[]
  readonly matches: readonly MatchReport[]
  readonly fakeQuantizers: readonly FakeQuantizerReport[]
  readonly removed: readonly RemovalReport[]
}

/**
 * Tells how a model is quantized: which entry of the config won for each operation, where fake quantizers stand and which places share one, and
 * what is not quantized and why not. `Quantizer.inspect` gives one. In eager mode it tells of the forward that prepared the model: there are no
 * patterns, an operation is quantized by itself, and a module that is called again is listed once.
 */
export class ModelInspector implements Inspection {
  /** The operations of the model as it was captured or prepared, in the order in which they run. */
  readonly operations: readonly OpReport[]
  /** Every pattern that was found, the strongest first; graph mode only. */
  readonly matches: readonly MatchReport[]
  /** The fake quantizers of the prepared model: by number in a graph, in the order of a walk over the modules in eager mode. */
  readonly fakeQuantizers: readonly FakeQuantizerReport[]
  /** Fake quantizers that were asked for and could not be. */
  readonly removed: readonly RemovalReport[]

  constructor({ operations, matches, fakeQuantizers, removed }: Inspection) {
    this.operations = operations
    this.matches = matches
    this.fakeQuantizers = fakeQuantizers
    this.removed = removed
  }

  /** The operations as a text of aligned columns: pattern, winning config, and for each place its observer's number and spec, or why it has none. */
  toTable(): string {
    return formatTable(this)
  }

  /**
   * The model as a drawing, an SVG document: on each edge the number of its observer, in a colour of its own; what no pattern covers is grey.
   * @param options which module is drawn
   */
  toSvg(options: DrawOptions = {}): string {
    return drawGraph(this, options)
  }

  /** Everything as plain data, for `JSON.stringify`: observers have numbers, and specs the form of config files. */
  toJSON(): Record<string, unknown> {
    const placeOf = ({ input, observer, reason }: PlaceReport) => ({
      input,
      ...(observer === null
        ? { reason }
        : { observer: observer.number, target: observer.target, spec: specIn(observer.spec) }),
    })
    return {
      operations: this.operations.map(({ inputs, output, ...operation }) => ({
        ...operation,
        inputs: inputs.map(placeOf),
        output: placeOf(output),
      })),
      matches: this.matches,
      fakeQuantizers: this.fakeQuantizers.map(({ fakeQuantize, spec, granularity, ...call }) => ({
        ...call,
        spec: { ...specIn(spec), granularity: granularity.toDict() },
        observerEnabled: fakeQuantize.observerEnabled,
        fakeQuantEnabled: fakeQuantize.fakeQuantEnabled,
      })),
      removed: this.removed,
    }
  }
}

function specIn(spec: FakeQuantizerReport['spec']): Record<string, unknown> {
  return new QuantizationSpec({
    dtype: spec.dtype,
    qscheme: spec.qscheme,
    qformulation: spec.qformulation,
    granularity: spec.granularity,
    fakeQuantize: spec.fakeQuantize,
    qparamCalculator: spec.qparamCalculator,
    rangeCalculator: spec.rangeCalculator,
    floatRange: spec.floatRange,
    scaleDtype: spec.scaleDtype,
    averagingConstant: spec.averagingConstant,
    percentile: spec.percentile,
    reduceRange: spec.reduceRange,
  }).toDict()
}
