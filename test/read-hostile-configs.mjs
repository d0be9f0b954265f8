// Reads every hostile config in a worker with little memory, and says how many it refused.
import { parentPort } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
const { hostileConfigs } = await import('./hostile-configs.ts')
const { QuantizerConfig } = await import('../src/quantization/config/quantizer-config.ts')
const { ConfigError } = await import('../src/quantization/config-error.ts')

let refused = 0
for (const [, text] of hostileConfigs) {
  try {
    QuantizerConfig.fromYaml(text)
  } catch (error) {
    if (error instanceof ConfigError) refused++
  }
}
parentPort?.postMessage(refused)
