import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { readSafetensors } from '../../codec/safetensors.ts'
import { recorder } from '../../engine/recorder.ts'
import { fromHost, type Tensor, tensorsIn } from '../../engine/tensor.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { exportModule } from '../export-module.ts'
import { type AnyModule, Module } from '../module.ts'
import { loadStateDict, stateDict } from '../state-dict.ts'
import * as layers from './index.ts'

/** What scripts/goldens/make_layers.py writes; strings are keys of tensors. */
interface LayerCase {
  readonly layer: string
  readonly name: string
  readonly args: readonly unknown[]
  readonly train: boolean
  /** Which input stands at each place of the call. */
  readonly places: readonly number[]
  readonly call: readonly unknown[]
  readonly masks: Readonly<Record<string, string>>
  readonly state: Readonly<Record<string, string>>
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly gradOutputs: readonly (string | null)[]
  readonly gradInputs: readonly (string | null)[]
  readonly gradParameters: Readonly<Record<string, string>>
  /** Buffers after a step in training. */
  readonly after: Readonly<Record<string, string>>
  readonly nodes: readonly string[] | null
}

const folder = new URL('../../../test/goldens/', import.meta.url)
const { cases }: { cases: readonly LayerCase[] } = JSON.parse(
  readFileSync(new URL('layers.json', folder), 'utf8'),
)
const tensors = readSafetensors(new Uint8Array(readFileSync(new URL('layers.safetensors', folder))))
const rows = cases.map((golden) => [golden.layer, golden.name, golden] as const)

afterAll(() => recorder.device.close())

describe('layers', () => {
  test.each(rows)('%s agrees with PyTorch: %s', async (_, __, golden) => {
    const module = layerOf(golden)
    const inputs = golden.inputs.map((key, i) => {
      const input = fromHost(tensorOf(key))
      if (golden.gradInputs[i] !== null) input.requiresGrad = true
      return input
    })
    const outputs = [...tensorsIn(callLayer(module, argumentsOf(golden, inputs)))]
    const total = seeded(outputs, golden.gradOutputs)
    if (total?.requiresGrad) total.backward()
    expect(outputs.length).toBe(golden.outputs.length)
    for (const [i, key] of golden.outputs.entries()) await expectClose(`output ${i}`, outputs[i], key)
    for (const [i, key] of golden.gradInputs.entries()) {
      if (key !== null) await expectClose(`gradient of input ${i}`, inputs[i]?.grad, key)
    }
    const parameters = new Map(module.namedParameters())
    for (const [name, key] of Object.entries(golden.gradParameters)) {
      await expectClose(`gradient of ${name}`, parameters.get(name)?.grad, key)
    }
    const buffers = new Map(module.namedBuffers())
    for (const [name, key] of Object.entries(golden.after)) await expectClose(name, buffers.get(name), key)
  })

  const captured = rows.filter(([, , { nodes }]) => nodes !== null)
  test.each(captured)('%s is captured with the nodes of torch.export: %s', (_, __, golden) => {
    const module = layerOf(golden)
    const inputs = golden.inputs.map((key) => fromHost(tensorOf(key)))
    const forward = module.forward
    // Without the weights that are not asked for, and with the options that are no inputs of a graph.
    const body = (...given: readonly Tensor[]) => [
      ...tensorsIn(Reflect.apply(forward, module, argumentsOf(golden, given))),
    ]
    Object.defineProperty(module, 'forward', { value: body })
    const { graph } = exportModule(module, inputs)
    expect(graph.nodes.map(({ name }) => name)).toEqual(golden.nodes)
  })

  test.each(rows)('%s has the state dict of PyTorch: %s', async (_, __, golden) => {
    const state = await stateDict(construct(golden))
    const shapes = [...state].map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`)
    const expected = Object.entries(golden.state).map(([name, key]) => {
      const { dtype, shape } = tensorOf(key)
      return `${name} ${dtype} [${shape}]`
    })
    expect(shapes).toEqual(expected)
  })
})

function construct({ layer, args }: LayerCase): AnyModule {
  const Class: unknown = Object.entries(layers).find(([name]) => name === layer)?.[1]
  if (typeof Class !== 'function')
    throw new RangeError(`Cannot make a "${layer}": expected a layer, got none`)
  const module: unknown = Reflect.construct(Class, args)
  if (module instanceof Module) return module
  throw new TypeError(`Cannot make a "${layer}": expected a module, got ${typeof module}`)
}

function layerOf(golden: LayerCase): AnyModule {
  const module = construct(golden).train(golden.train)
  loadStateDict(module, new Map(Object.entries(golden.state).map(([name, key]) => [name, tensorOf(key)])))
  return module
}

function callLayer(module: AnyModule, inputs: readonly unknown[]): unknown {
  const callable: Module<readonly unknown[], unknown> = Object(module)
  return callable(...inputs)
}

/** Inputs in their places, and options with their masks. */
function argumentsOf({ places, call, masks }: LayerCase, inputs: readonly Tensor[]): unknown[] {
  const tensors = Object.entries(masks).map(([name, key]) => [name, fromHost(tensorOf(key))])
  const options = tensors.length > 0 ? [{ ...Object(call[0]), ...Object.fromEntries(tensors) }] : call
  return [...places.map((place) => inputs[place]), ...options]
}

/** The scalar whose gradients are those of the outputs under the golden output gradients. */
function seeded(outputs: readonly Tensor[], gradOutputs: readonly (string | null)[]): Tensor | undefined {
  const terms = gradOutputs.flatMap((key, i) => {
    const output = outputs[i]
    return key === null || output === undefined ? [] : [output.mul(fromHost(tensorOf(key))).sum()]
  })
  return terms.reduce<Tensor | undefined>((total, term) => total?.add(term) ?? term, undefined)
}

async function expectClose(what: string, actual: Tensor | null | undefined, key: string): Promise<void> {
  if (!actual) throw new TypeError(`Cannot compare ${what}: expected a tensor, got none`)
  const expected = tensorOf(key)
  const got = await actual.array()
  expect(`${got.dtype} [${got.shape}]`, what).toBe(`${expected.dtype} [${expected.shape}]`)
  const [x, y] = [got, expected].map((array) => (array.dtype === 'float32' ? toFloat32(array) : array.bytes))
  for (const [i, wanted] of y?.entries() ?? []) {
    const value = x?.[i] ?? Number.NaN
    if (Math.abs(value - wanted) > 1e-5 + 1e-5 * Math.abs(wanted))
      expect.fail(`${what}: expected ${wanted} at ${i}, got ${value}`)
  }
}

function tensorOf(key: string): HostArray {
  const array = tensors.get(key)
  if (array === undefined)
    throw new RangeError(`Cannot find the golden tensor "${key}": expected it, got none`)
  return array
}
