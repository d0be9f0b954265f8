import { describe, expect, test } from 'vitest'
import { numbers } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { rejected } from '../../../test/rejected.ts'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { expectSymbolicRun } from '../../../test/symbolic-run.ts'
import { fromHost, recordAll } from '../../engine/tensor.ts'
import { formatType } from '../../ir/node.ts'
import { fromValues } from '../../tensor/from-values.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { gru, gruGradient } from './gru.ts'
import { lstm, lstmGradient } from './lstm.ts'
import type { RecurrentAttributes } from './recurrent-type.ts'

const ATTRS: RecurrentAttributes = {
  hasBiases: true,
  numLayers: 1,
  dropout: 0,
  train: false,
  bidirectional: false,
  batchFirst: false,
}
const BOTH = { ...ATTRS, numLayers: 2, bidirectional: true, batchFirst: true }
const HIDDEN = 2

/** Shapes of the parameters for 3 features. */
function parameterShapes(
  gates: number,
  { numLayers, bidirectional, hasBiases }: RecurrentAttributes,
): number[][] {
  const directions = bidirectional ? 2 : 1
  const rows = gates * HIDDEN
  return Array.from({ length: numLayers }, (_, layer) => {
    const width = layer === 0 ? 3 : HIDDEN * directions
    const one = [[rows, width], [rows, HIDDEN], ...(hasBiases ? [[rows], [rows]] : [])]
    return Array.from({ length: directions }, () => one).flat()
  }).flat()
}

describe.each([
  ['aten.lstm', lstm, lstmGradient, 4, 2],
  ['aten.gru', gru, gruGradient, 3, 1],
] as const)('%s', (name, op, gradient, gates, states) => {
  const statesOf = <T>(state: T) => Array.from({ length: states }, () => state)

  test.each([ATTRS, BOTH])(`${name} infers and runs with symbolic steps and batches: %o`, async (attrs) => {
    const count = attrs.numLayers * (attrs.bidirectional ? 2 : 1)
    const width = HIDDEN * (attrs.bidirectional ? 2 : 1)
    const state = typed([count, n, HIDDEN])
    const x = typed(attrs.batchFirst ? [n, s, 3] : [s, n, 3])
    const parameters = parameterShapes(gates, attrs).map((shape) => typed(shape))
    const inputs = [x, ...statesOf(state), ...parameters]
    const outputs = expectSymbolicInference(op, inputs, attrs)
    const sequence = attrs.batchFirst ? [n, s, width] : [s, n, width]
    expect(outputs).toEqual([typed(sequence), ...statesOf(state)])
    await expectSymbolicRun(op, inputs, attrs)
  })

  test(`${gradient.name} infers and runs with symbolic batches`, async () => {
    const state = typed([2, n, HIDDEN])
    const y = typed([3, n, 2 * HIDDEN])
    const attrs = { hasBiases: true, bidirectional: true }
    const parameters = parameterShapes(gates, { ...ATTRS, ...attrs }).map((shape) => typed(shape))
    const own = [typed([3, n, 3]), ...statesOf(state), ...parameters]
    const inputs = [...own, y, y, ...statesOf(state)]
    expect(expectSymbolicInference(gradient, inputs, attrs)).toEqual(own)
    await expectSymbolicRun(gradient, inputs, attrs)
  })

  test.each([
    ['one step', ATTRS, 1],
    ['both directions of two layers', BOTH, 3],
    ['no biases', { ...ATTRS, hasBiases: false }, 2],
  ])(`${name} has the slopes of finite differences: %s`, async (_name, attrs, steps) => {
    await expectSlopes(op, arrays(attrs, steps), attrs)
  })

  test(`${name} drops between layers with a seed, and differentiates what it computed`, async () => {
    const attrs = { ...ATTRS, numLayers: 2, dropout: 0.5, train: true }
    const given = arrays(attrs, 3)
    const run = async (seed: number) => {
      const [y] = recordAll(op, [...given.map(fromHost), fromHost(seedOf(seed))], attrs)
      return y ? numbers(y) : []
    }
    const first = await run(1)
    expect(await run(1)).toEqual(first)
    expect(await run(2)).not.toEqual(first)
    const wanted = [0, 1, 1 + states]
    await expectSlopes(op, [...given, seedOf(1)], attrs, wanted)
  })

  test(`${name} rejects what it does not take`, () => {
    const x = typed([s, n, 3])
    const state = typed([1, n, HIDDEN])
    const parameters = parameterShapes(gates, ATTRS).map((shape) => typed(shape))
    const rows = [
      rejected(
        op,
        [typed([n, 3]), ...statesOf(state), ...parameters],
        ATTRS,
        new ShapeError(`Cannot record "${name}": expected rank 3 for input 0, got float32 [n, 3]`),
      ),
      rejected(
        op,
        [x, ...statesOf(typed([2, n, HIDDEN])), ...parameters],
        ATTRS,
        new ShapeError(
          `Cannot record "${name}": expected state for ${formatType(x)} to be [1, n, 2], got float32 [2, n, 2]`,
        ),
      ),
      rejected(
        op,
        [x, ...statesOf(state), ...parameters.slice(0, 2)],
        ATTRS,
        new ShapeError(
          `Cannot record "${name}": expected parameter 2 of layer 0 for ${formatType(x)} to be [${gates * 2}], got none`,
        ),
      ),
      rejected(
        op,
        [x, ...statesOf(state), ...parameters],
        { ...ATTRS, dropout: 1 },
        new RangeError(`Cannot record "${name}": expected dropout in [0, 1), got 1`),
      ),
    ]
    for (const [, , infer, error] of rows) expect(infer).toThrow(error)
  })

  function arrays(attrs: RecurrentAttributes, steps: number): HostArray[] {
    const count = attrs.numLayers * (attrs.bidirectional ? 2 : 1)
    const shapes = [attrs.batchFirst ? [2, steps, 3] : [steps, 2, 3], ...statesOf([count, 2, HIDDEN])]
    return [...shapes, ...parameterShapes(gates, attrs)].map((shape, i) => wave(shape, -0.8, 0.8, i))
  }
})

test('lowbit.lstm_gradient and lowbit.gru_gradient need a known number of steps', () => {
  const attrs = { hasBiases: true, bidirectional: false }
  const x = typed([s, n, 3])
  const failure = (name: string) =>
    new ShapeError(`Cannot differentiate "${name}": expected a known number of steps, got s`)
  expect(() => lstmGradient.infer([x], attrs)).toThrow(failure('aten.lstm'))
  expect(() => gruGradient.infer([x], attrs)).toThrow(failure('aten.gru'))
})

function seedOf(seed: number): HostArray {
  return fromValues('int64', [], [seed])
}
