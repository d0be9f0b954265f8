import { describe, expect, it } from 'vitest'
import { operations } from '../../ops/index.ts'
import { overloadsOf, parseTarget } from './aten-schemas.ts'

describe('parseTarget()', () => {
  it('parseTarget() knows every ATen operation of lowbit', () => {
    const names = operations.flatMap(({ name }) => (name.startsWith('aten.') ? [name.slice(5)] : []))
    expect(names.length).toBeGreaterThan(100)
    const unknown = names.filter((name) => overloadsOf(name).length === 0)
    expect(unknown).toEqual([])
  })

  it('parseTarget() tells in-place operations from others', () => {
    expect(parseTarget('torch.ops.aten.relu_.default')).toMatchObject({ name: 'relu', inPlace: true })
    expect(parseTarget('torch.ops.aten.relu.default')).toMatchObject({ name: 'relu', inPlace: false })
    expect(parseTarget('torch.ops.aten.add_.Tensor')).toMatchObject({ name: 'add', overload: 'Tensor' })
  })

  it.each([
    'torch.ops.aten.relu.out',
    'torch.ops.aten.fft_fft.default',
    'aten.relu.default',
    'torch.ops.aten.__proto__',
    '',
  ])('parseTarget() does not know %s', (target) => {
    expect(parseTarget(target)).toBeUndefined()
  })
})
