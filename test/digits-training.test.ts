import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { readSafetensors } from '../src/codec/safetensors.ts'
import { recorder } from '../src/engine/recorder.ts'
import { fromHost } from '../src/engine/tensor.ts'
import { crossEntropy } from '../src/nn/functional/class-losses.ts'
import { BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '../src/nn/layers/index.ts'
import { SGD } from '../src/nn/optimizers/sgd.ts'
import { loadStateDict, stateDict } from '../src/nn/state-dict.ts'
import type { HostArray } from '../src/tensor/host-array.ts'
import { toFloat32 } from '../src/tensor/to-float32.ts'

interface Golden {
  readonly options: {
    readonly lr: number
    readonly momentum: number
    readonly steps: number
    readonly pixelScale: number
  }
  readonly losses: readonly number[]
}

const folder = new URL('./goldens/', import.meta.url)
const golden: Golden = JSON.parse(readFileSync(new URL('digits-training.json', folder), 'utf8'))
const tensors = readSafetensors(new Uint8Array(readFileSync(new URL('digits-training.safetensors', folder))))

afterAll(() => recorder.device.close())

test('twenty training steps of the digit network follow PyTorch', { timeout: 60_000 }, async () => {
  const { lr, momentum, steps, pixelScale } = golden.options
  const model = goldenNetwork()
  loadStateDict(model, under('initial.'))
  const optimizer = new SGD(model.parameters(), { lr, momentum })
  const images = fromHost(tensorOf('images'))
  const labels = fromHost(tensorOf('labels'))
  const losses: Promise<number>[] = []
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad()
    const batch = images.select(0, step).to('float32').div(pixelScale)
    const loss = crossEntropy(model(batch), labels.select(0, step))
    loss.backward()
    optimizer.step()
    losses.push(loss.item())
  }
  for (const [step, loss] of (await Promise.all(losses)).entries()) {
    const expected = golden.losses[step] ?? Number.NaN
    expect(Math.abs(loss - expected) / expected, `step ${step}: ${loss} for ${expected}`).toBeLessThanOrEqual(
      1e-3,
    )
  }
  const final = await stateDict(model)
  for (const [name, expected] of under('final.')) expectClose(name, final.get(name), expected)
})

/** The network of scripts/goldens/make_digits_training.py. */
function goldenNetwork(): Sequential {
  return new Sequential(
    ...[new Conv2d(1, 16, 3, { padding: 1 }), new BatchNorm2d(16), new ReLU(), new MaxPool2d(2)],
    ...[new Conv2d(16, 32, 3, { padding: 1 }), new BatchNorm2d(32), new ReLU(), new MaxPool2d(2)],
    ...[new Flatten(), new Linear(32 * 7 * 7, 10)],
  )
}

/** Tensors whose names begin with a prefix, under the rest of their names. */
function under(prefix: string): Map<string, HostArray> {
  return new Map(
    [...tensors].flatMap(([name, array]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), array]] : [],
    ),
  )
}

function expectClose(name: string, actual: HostArray | undefined, expected: HostArray): void {
  if (actual === undefined) throw new RangeError(`Cannot compare "${name}": expected a tensor, got none`)
  const got = toFloat32(actual)
  const wanted = toFloat32(expected)
  const scale = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  for (const [i, value] of wanted.entries()) {
    expect(Math.abs((got[i] ?? Number.NaN) - value), `${name} at ${i}`).toBeLessThanOrEqual(1e-3 * scale)
  }
}

function tensorOf(name: string): HostArray {
  const array = tensors.get(name)
  if (array === undefined)
    throw new RangeError(`Cannot find the golden tensor "${name}": expected it, got none`)
  return array
}
