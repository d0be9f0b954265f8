// Writes models over and over until it is killed: a child process of interrupted-writes.test.ts.

import { randn } from '../src/engine/create-tensors.ts'
import { save } from '../src/formats/save.ts'
import { exportModule } from '../src/nn/export-module.ts'
import { Linear } from '../src/nn/layers/linear.ts'
import { Parameter } from '../src/nn/parameter.ts'
import { saveStateDict } from '../src/nn/state-file.ts'
import { fromTypedArray } from '../src/tensor/from-typed-array.ts'

const SIZE = 128
const [path = ''] = process.argv.slice(2)
const x = randn([1, SIZE])

for (let version = 1; ; version++) {
  const model = new Linear(SIZE, SIZE)
  // One number fills a whole version, so that a mixture of two shows.
  model.weight = new Parameter(fromTypedArray(new Float32Array(SIZE * SIZE).fill(version), [SIZE, SIZE]))
  model.bias = new Parameter(fromTypedArray(new Float32Array(SIZE).fill(version), [SIZE]))
  const overwrite = true
  if (path.endsWith('.safetensors')) await saveStateDict(model, path, { overwrite })
  else await save(exportModule(model.eval(), [x]), path, { overwrite, externalData: true })
  if (version === 1) process.stdout.write('written\n')
}
