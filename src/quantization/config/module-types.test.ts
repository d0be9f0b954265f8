import { expect, test } from 'vitest'
import type { Tensor } from '../../engine/tensor.ts'
import { Module } from '../../nn/module.ts'
import { isModuleType, moduleTypeName, readModuleType } from './module-types.ts'

class Block extends Module {
  override forward(x: Tensor): Tensor {
    return x
  }
}

test('readModuleType() takes a class, the name of a known one, and a full name', () => {
  expect(readModuleType('Conv2d')).toBe('torch.nn.modules.conv.Conv2d')
  expect(readModuleType('torch.nn.modules.conv.Conv2d')).toBe('torch.nn.modules.conv.Conv2d')
  expect(readModuleType(Block)).toBe('__main__.Block')
})

test('readModuleType() refuses a name without a dot that is no known class, and what is no type', () => {
  expect(() => readModuleType('Conv2D')).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      message:
        'Cannot read "module_type_configs": expected a full name with a dot, or a class that lowbit has, got "Conv2D"\nHint: did you mean "Conv2d"?',
    }),
  )
  for (const type of [5, null, Number]) expect(() => readModuleType(type)).toThrow(TypeError)
})

test("isModuleType() knows a class of one's own by its last name, and PyTorch's by the whole", () => {
  expect(isModuleType('my.package.Block', moduleTypeName(Block))).toBe(true)
  expect(isModuleType('my.package.Conv2d', moduleTypeName('Conv2d'))).toBe(false)
  expect(isModuleType('torch.nn.modules.conv.Conv2d', moduleTypeName('Conv2d'))).toBe(true)
})
