import type { QuantizerConfig } from '../config/quantizer-config.ts'
import { ConfigError, unexpected } from '../config-error.ts'
import { type Annotations, annotationOf } from './annotation.ts'
import { type GraphView, opTypeOf } from './graph-view.ts'

/**
 * Gives operations that update a cache the observer that their config asks for, at one input, and no other.
 * @throws ConfigError for an operation that the graph does not have, or an input that the operation does not have
 */
export function applyCacheConfigs(
  view: GraphView,
  annotations: Annotations,
  { kvCacheQuantConfigs }: QuantizerConfig,
): void {
  for (const [type, config] of kvCacheQuantConfigs ?? []) {
    const nodes = view.nodes.filter((node) => opTypeOf(node) === type)
    const path = `kv_cache_quant_configs.${type}`
    if (nodes.length === 0) throw unexpected(path, 'the type of an operation of the model', type)
    const [index, spec] = config.input
    for (const node of nodes) {
      const annotation = annotationOf(annotations, view, node)
      const input = annotation.inputs[index]
      if (input === undefined) {
        throw new ConfigError(
          `Cannot annotate "${node.name}": expected an input at position ${index}, got ${annotation.inputs.length} inputs`,
          path,
        )
      }
      for (const entry of annotation.inputs)
        entry.placement = entry === input ? { content: { spec, target: 'activation' } } : null
      annotation.output = null
    }
  }
}
