// Writes the JSON Schema of config files, config.schema.json. Run it after a change of what configs may say: npx tsx scripts/write-config-schema.ts
import { writeFileSync } from 'node:fs'
import { configJsonSchema } from '../src/quantization/config/json-schema.ts'

writeFileSync(
  new URL('../config.schema.json', import.meta.url),
  `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
)
