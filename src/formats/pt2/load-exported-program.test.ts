import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readSafetensors } from '../../codec/safetensors.ts'
import { fromHost, Tensor } from '../../engine/tensor.ts'
import { verifyGraph } from '../../ir/verify.ts'
import { getMember } from '../../nn/container.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { flatten } from '../../nn/output-tree.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import { stateDict } from '../../nn/state-dict.ts'
import { type HostArray, toFloat32 } from '../../tensor/index.ts'
import { loadExportedProgram } from './load-exported-program.ts'

// Made by scripts/goldens/make_programs.py with PyTorch 2.15.
const GOLDENS = new URL('../../../test/goldens/programs/', import.meta.url)
const tensors = readSafetensors(readFileSync(new URL('programs.safetensors', GOLDENS)))

function load(name: string): Promise<GraphModule> {
  return loadExportedProgram(new URL(`${name}.pt2`, GOLDENS).pathname)
}

function golden(key: string): Tensor {
  const array = tensors.get(key)
  if (array === undefined) throw new RangeError(`no golden ${key}`)
  return fromHost(array)
}

async function expectOutputs(result: unknown, prefix: string): Promise<void> {
  const { tensors: outputs } = flatten(result)
  expect(outputs.length).toBe([...tensors.keys()].filter((key) => key.startsWith(`${prefix}.`)).length)
  for (const [i, output] of outputs.entries()) {
    const expected = await golden(`${prefix}.${i}`).array()
    const got = await output.array()
    expect(got.shape).toEqual(expected.shape)
    expectClose(got, expected)
  }
}

function expectClose(got: HostArray, expected: HostArray): void {
  const [own, theirs] = [toFloat32(got), toFloat32(expected)]
  theirs.forEach((value, i) => {
    expect(own[i]).toBeCloseTo(value, 5)
  })
}

describe('loadExportedProgram()', () => {
  it('loadExportedProgram() reads arguments by keyword, constants, and results in a dictionary', async () => {
    const model = await load('arguments')
    verifyGraph(model.graph)
    expect(model.training).toBe(false)
    expect(model.inputTrees).toEqual([0, { z: 1 }])
    for (const call of [0, 1]) {
      const result = model(golden(`arguments.in.${call}.0`), { z: golden(`arguments.in.${call}.1`) })
      expect(result).toEqual({ sum: expect.any(Tensor), pair: [expect.any(Tensor), null] })
      await expectOutputs(result, `arguments.out.${call}`)
    }
  })

  it('loadExportedProgram() shares tied parameters, and finds modules under all their names', async () => {
    const model = await load('arguments')
    expect(getMember(model, 'first.weight')).toBe(getMember(model, 'again.weight'))
    expect(getMember(model, 'first.weight')).toBeInstanceOf(Parameter)
    expect(model.layout?.states.map(({ paths }) => paths)).toContainEqual(['first.bias', 'again.bias'])
    expect(model.layout?.modules).toEqual([
      { paths: [''], className: '__main__.Arguments' },
      { paths: ['first', 'again'], className: 'torch.nn.modules.linear.Linear' },
      { paths: ['layers'], className: 'torch.nn.modules.container.ModuleList' },
      { paths: ['layers.0'], className: 'torch.nn.modules.linear.Linear' },
      { paths: ['layers.1'], className: 'torch.nn.modules.activation.ReLU' },
      { paths: ['unused'], className: '' },
    ])
    const [linear] = model.graph.nodes
    expect(linear?.name).toBe('linear')
    expect(linear?.scope?.path).toBe('first')
    expect(linear?.scope?.parent?.className).toBe('__main__.Arguments')
  })

  it('loadExportedProgram() makes what is not saved with the state a buffer that is not saved either', async () => {
    const model = await load('arguments')
    for (const path of ['shift', 'plain', 'lifted_tensor_0']) {
      const buffer = getMember(model, path)
      expect(buffer).toBeInstanceOf(Buffer)
      expect(buffer instanceof Buffer && buffer.persistent).toBe(false)
    }
    expect([...(await stateDict(model)).keys()]).not.toContain('shift')
  })

  it('loadExportedProgram() reads sizes that vary, and holds calls against their ranges', async () => {
    const model = await load('sizes')
    verifyGraph(model.graph)
    for (const call of [0, 1]) await expectOutputs(model(golden(`sizes.in.${call}.0`)), `sizes.out.${call}`)
    const tooMany = Tensor.prototype.expand.call(golden('sizes.in.0.0').slice(0, 0, 1), [9, 6, 4])
    expect(() => model(tooMany)).toThrow(/^Cannot run the graph: expected the size s\d+ in \[\d, 8\], got 9$/)
  })

  it('loadExportedProgram() reads tensors of any layout and dtype', async () => {
    const model = await load('layouts')
    const states = await stateDict(model)
    const expected = [...tensors.keys()].filter((key) => key.startsWith('layouts.state.'))
    expect([...states.keys()].sort()).toEqual(
      expected.map((key) => key.slice('layouts.state.'.length)).sort(),
    )
    for (const [path, array] of states) expect(array).toEqual(tensors.get(`layouts.state.${path}`))
    await expectOutputs(model(golden('layouts.in.0.0')), 'layouts.out.0')
  })

  it('loadExportedProgram() gives what is changed in place to all who read it later', async () => {
    const model = await load('in_place')
    await expectOutputs(model(golden('in_place.in.0.0')), 'in_place.out.0')
    const calls = getMember(model, 'calls')
    expect(calls instanceof Buffer && (await calls.array())).toEqual(await golden('in_place.out.0.1').array())
  })

  it('loadExportedProgram() reads a blob', async () => {
    const model = await loadExportedProgram(new Blob([readFileSync(new URL('sizes.pt2', GOLDENS))]))
    await expectOutputs(model(golden('sizes.in.0.0')), 'sizes.out.0')
  })

  it('loadExportedProgram() rejects what is no file', async () => {
    await expect(loadExportedProgram(Object([]))).rejects.toThrow(
      new TypeError('Cannot read a file: expected its path, a Blob or a Uint8Array, got object'),
    )
  })

  it('loadExportedProgram() rejects a path without a file', async () => {
    await expect(loadExportedProgram('/nowhere/model.pt2')).rejects.toThrow(
      'Cannot read "/nowhere/model.pt2": expected a file, got ENOENT',
    )
  })
})
