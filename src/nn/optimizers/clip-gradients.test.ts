import { afterAll, describe, expect, test } from 'vitest'
import { goldens } from '../../../test/optimizer-goldens.ts'
import { tensor } from '../../engine/create-tensors.ts'
import { recorder } from '../../engine/recorder.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { Parameter } from '../parameter.ts'
import { clipGradNorm, clipGradValue } from './clip-gradients.ts'

afterAll(() => recorder.device.close())

describe('clipGradNorm()', () => {
  const rows = goldens.clipGradNorm.map((golden) => [golden.name, golden] as const)
  test.each(rows)('clipGradNorm() agrees with PyTorch: %s', async (_, golden) => {
    const normType = golden.normType === 'inf' ? Number.POSITIVE_INFINITY : golden.normType
    const parameters = golden.gradients.map((gradient) => {
      const values = gradient.flat()
      const parameter = parameterOf(values.map(() => 0))
      backwardWith(parameter, values)
      return parameter
    })
    const norm = clipGradNorm(parameters, golden.maxNorm, { normType })
    expect(await norm.item()).toBeCloseTo(golden.totalNorm, 5)
    for (const [i, { grad }] of parameters.entries()) await expectClose(grad, golden.clipped[i]?.flat() ?? [])
  })

  test('clipGradNorm() needs a gradient', () => {
    expect(() => clipGradNorm([parameterOf([0])], 1)).toThrow(
      new RangeError('Cannot clip gradients: expected at least one, got none'),
    )
  })
})

test('clipGradValue() limits each element', async () => {
  const parameter = parameterOf([0, 0, 0])
  backwardWith(parameter, [-3, 0.5, 2])
  clipGradValue([parameter], 1)
  await expectClose(parameter.grad, [-1, 0.5, 1])
})

function parameterOf(values: readonly number[]): Parameter {
  return new Parameter(fromTypedArray(Float32Array.from(values), [values.length]))
}

/** Adds a gradient to the parameter's. */
function backwardWith(parameter: Parameter, gradient: readonly number[]): void {
  parameter.mul(tensor(gradient)).sum().backward()
}

async function expectClose(
  actual: { data(): Promise<ArrayLike<unknown>> } | null,
  expected: readonly number[],
): Promise<void> {
  const got = Array.from((await actual?.data()) ?? [], Number)
  expect(got.length).toBe(expected.length)
  for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 6)
}
