import type { Tensor } from '../engine/tensor.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import type { ExportBackend } from '../quantization/config/execution-mode.ts'
import type { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import type { ModelInspector } from '../quantization/inspection/model-inspector.ts'
import type { Logger } from '../quantization/logger.ts'
import { Quantizer } from '../quantization/quantizer.ts'
import { CommandError, ExitCode } from './exit-code.ts'

/** A model in quantized form, before it is written. */
export interface PreparedForm {
  /** Computes what the quantized model will compute. */
  readonly prepared: GraphModule
  readonly inspector: ModelInspector
  /** The model as a backend needs it. */
  finalize(backend: ExportBackend, signal: AbortSignal): Promise<GraphModule>
}

/** How a model is prepared. */
export interface PrepareRequest {
  readonly model: GraphModule
  readonly config: QuantizerConfig
  /** What the message says of the config when it quantizes nothing. */
  readonly origin: string
  /** The first is the example. */
  readonly batches: readonly (readonly Tensor[])[]
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly onProgress?: (done: number, total?: number) => void
}

/**
 * Prepares a model and, where activations are quantized, calibrates it with all batches.
 * @throws CommandError when nothing is left that would be quantized
 */
export async function prepareModel({
  model,
  config,
  origin,
  batches,
  logger,
  signal,
  onProgress,
}: PrepareRequest): Promise<PreparedForm> {
  const [example] = batches
  if (example === undefined)
    throw new CommandError('Cannot prepare a model: expected one batch at least, got none')
  const quantizer = new Quantizer(model, config, { logger })
  const prepared = await quantizer.prepare(example, { signal, calibrates: true })
  const inspector = quantizer.inspect()
  if (inspector.fakeQuantizers.length === 0) throw nothingQuantized(origin)
  const observes = inspector.fakeQuantizers.some(({ target }) => target === 'activation')
  if (observes)
    await quantizer.calibrate(
      batches.map((batch) => [...batch]),
      { signal, ...(onProgress === undefined ? {} : { onProgress }) },
    )
  return {
    prepared,
    inspector,
    finalize: (backend, stop) => quantizer.finalize({ backend, signal: stop }),
  }
}

/** The error for a config that leaves a model as it is. */
export function nothingQuantized(origin: string): CommandError {
  return new CommandError(
    `Nothing was quantized, and nothing was written: ${origin} leaves every operation of this model float\n` +
      'Hint: lowbit inspect --ops tells why for each operation',
    ExitCode.failedCheck,
  )
}
