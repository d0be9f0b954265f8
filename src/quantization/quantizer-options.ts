import type { DynamicShapes } from '../nn/export-module.ts'
import type { AnyModule } from '../nn/module.ts'
import type { ExportBackend } from './config/execution-mode.ts'
import type { Pattern } from './graph/patterns.ts'
import type { Logger } from './logger.ts'

/** Options of a quantizer. */
export interface QuantizerOptions {
  /** Where warnings go. Default: `process.emitWarning` in Node, `console.warn` elsewhere. */
  readonly logger?: Logger
  /** Chains of operations that graph mode quantizes as one. Default: `defaultPatterns`. */
  readonly patterns?: readonly Pattern[]
}

/** Options of `prepare`. */
export interface PrepareOptions {
  /** Which sizes of the inputs may vary; graph mode. Eager mode takes all sizes and warns. */
  readonly dynamicShapes?: DynamicShapes
  /** Whether the capture records without gradients; graph mode. Default: true. */
  readonly exportWithNoGrad?: boolean
  /**
   * Whether `calibrate` follows, with the example among its data: then the example is not run where its ranges make no difference, as where the extremes of all data are
   * kept, and the model has no ranges before it is calibrated; graph mode. Default: false.
   */
  readonly calibrates?: boolean
  /** Ends the work: the model is then as it was before, and can be prepared again. */
  readonly signal?: AbortSignal
}

/** Options of the modes. */
export interface ModeOptions {
  /** The model to switch. Default: the prepared one. */
  readonly model?: AnyModule
}

/** Options of calibration. */
export interface CalibrationOptions extends ModeOptions {
  /** Whether weights are quantized while activations are observed. Default: false. */
  readonly fakeQuantWeights?: boolean
}

/** Options of `calibrate`. */
export interface CalibrateOptions {
  /** Called after every batch, with the number of batches where it is known. */
  readonly onProgress?: (done: number, total?: number) => void
  /** Stops between two batches, and leaves calibration mode: what was observed until then is kept. */
  readonly signal?: AbortSignal
  /** Whether weights are quantized while activations are observed. Default: false. */
  readonly fakeQuantWeights?: boolean
}

/** Options of `finalize`. */
export interface FinalizeOptions {
  /** A prepared model. Default: the one that `prepare` returned. */
  readonly model?: AnyModule
  /** Default: Core AI. */
  readonly backend?: ExportBackend
  /** Folder for the weights as safetensors files; eager mode and Core AI only. */
  readonly mmapDir?: string
  /** Ends the work: the prepared model stays as it was, and no folder is left. */
  readonly signal?: AbortSignal
}
