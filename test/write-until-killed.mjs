// Writes models over and over until it is killed: a child process of interrupted-writes.test.ts. It runs the build, which starts in a fraction of the time.

import { exportModule, fromTypedArray, Linear, Parameter, randn, save, saveStateDict } from 'lowbit'

const WIDTH = 2048
/** Few enough that a package for Core ML has the bias in its program and the weight in another file. */
const OUTPUTS = 8
const [path = ''] = process.argv.slice(2)
const x = randn([1, WIDTH])

for (let version = 1; ; version++) {
  const model = new Linear(WIDTH, OUTPUTS)
  // One number fills a whole version, so that a mixture of two shows.
  const filled = (shape) =>
    new Parameter(fromTypedArray(new Float32Array(shape.reduce((a, b) => a * b)).fill(version), shape))
  model.weight = filled([OUTPUTS, WIDTH])
  model.bias = filled([OUTPUTS])
  const overwrite = true
  if (path.endsWith('.safetensors')) await saveStateDict(model, path, { overwrite })
  else await save(exportModule(model.eval(), [x]), path, { overwrite, externalData: true })
  if (version === 1) process.stdout.write('written\n')
}
