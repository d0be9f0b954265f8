import { copyGraphModule } from '../nn/copy-graph-module.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import type { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import { defaultPatterns } from '../quantization/graph/patterns.ts'
import { insertObservers } from '../quantization/graph/prepare.ts'
import { ModelInspector } from '../quantization/inspection/model-inspector.ts'
import type { Logger } from '../quantization/logger.ts'

/**
 * What a config would do to a model, without data: nothing is run, and the model stays as it is. What only data can tell, such as a tensor that does not
 * divide into blocks, is not told.
 * @throws ConfigError for a config that does not fit
 */
export function planQuantization(
  model: GraphModule,
  config: QuantizerConfig,
  logger: Logger,
): ModelInspector {
  const { report, removed } = insertObservers(copyGraphModule(model), {
    config,
    patterns: defaultPatterns,
    logger,
  })
  return new ModelInspector({ ...report, fakeQuantizers: [], removed })
}
