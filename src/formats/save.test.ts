import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileError } from '../codec/file-error.ts'
import { decodeModel } from '../codec/onnx.ts'
import { randn } from '../engine/create-tensors.ts'
import { exportModule } from '../nn/export-module.ts'
import { Linear } from '../nn/layers/linear.ts'
import { save } from './save.ts'

const model = exportModule(new Linear(32, 32).eval(), [randn([1, 32])])

/** Name of the file that holds the weight of a model. */
function dataNameOf(path: string): string | undefined {
  const tensors = decodeModel(readFileSync(path)).graph?.initializer ?? []
  return tensors.flatMap(({ externalData }) => externalData).find(({ key }) => key === 'location')?.value
}

test.each(['model.onnx', 'model.pt2', 'model.mlpackage'])(
  'save() overwrites %s only where asked',
  async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
    const path = join(folder, name)
    writeFileSync(path, 'old')
    await expect(save(model, path)).rejects.toThrow(
      new FileError(
        `Cannot write "${path}": expected no file of that name, got one\nHint: { overwrite: true } replaces a file`,
        path,
      ),
    )
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual([name])
  },
)

test('save() gives new data a name of its own, and removes the old data once the model is replaced', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
  const path = join(folder, 'model.onnx')
  await save(model, path, { externalData: true })
  expect(dataNameOf(path)).toBe('model.onnx.data')
  await save(model, path, { externalData: true, overwrite: true })
  const second = dataNameOf(path) ?? ''
  expect(second).toMatch(/^model\.onnx\.[0-9a-f]{8}\.data$/)
  expect(readdirSync(folder).sort()).toEqual(['model.onnx', second])
  await save(model, path, { externalData: false, overwrite: true })
  expect(readdirSync(folder)).toEqual(['model.onnx'])
})

test('save() takes no data file of others that has the usual name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
  writeFileSync(join(folder, 'model.onnx.data'), 'theirs')
  await save(model, join(folder, 'model.onnx'), { externalData: true })
  expect(readFileSync(join(folder, 'model.onnx.data'), 'utf8')).toBe('theirs')
  expect(dataNameOf(join(folder, 'model.onnx'))).not.toBe('model.onnx.data')
})

test('save() calls the data file what it is asked to, also where it replaces one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
  const path = join(folder, 'model.onnx')
  const options = { externalData: true, dataName: 'model.onnx_data' }
  await save(model, path, options)
  expect(dataNameOf(path)).toBe('model.onnx_data')
  await expect(save(model, path, options)).rejects.toThrow(FileError)
  await save(model, path, { ...options, overwrite: true })
  expect(readdirSync(folder)).toEqual(['model.onnx', 'model.onnx_data'])
  await save(model, path, { overwrite: true })
  expect(readdirSync(folder)).toEqual(['model.onnx'])
})

test.each(['../x', '/x', 'C:x', '..\\x', 'x\0', ''])(
  'save() writes no data file outside of the folder: %j',
  async (dataName) => {
    const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
    const path = join(folder, 'model.onnx')
    await expect(save(model, path, { externalData: true, dataName })).rejects.toThrow(FileError)
    expect(readdirSync(folder)).toEqual([])
  },
)

test.skipIf(process.platform === 'win32')('save() writes no data file through a link', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'x'))
  await expect(
    save(model, join(folder, 'model.onnx'), { externalData: true, dataName: 'x' }),
  ).rejects.toThrow(FileError)
  expect(readdirSync(folder)).toEqual(['x'])
})

test('save() refuses what is no graph, and names what captures a module', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'lowbit-')), 'model.onnx')
  await expect(save(Object(new Linear(1, 1)), path)).rejects.toThrow(
    new TypeError(
      `Cannot save "${path}": expected a GraphModule, got Linear\nHint: exportModule captures a module as a graph`,
    ),
  )
})

test('save() refuses other endings', async () => {
  await expect(save(model, 'model.bin')).rejects.toThrow(
    new RangeError(
      'Cannot save "model.bin": expected the ending ".onnx", ".pt2" or ".mlpackage", got ".bin"',
    ),
  )
})
