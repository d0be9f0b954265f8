import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { runLowered } from '../../test/run-lowered.ts'
import { addDims, floorDivDims, mulDims, subDims, symbol } from '../ir/dim.ts'
import { collectNodes } from '../ir/graph.ts'
import { emit, Value } from '../ir/node.ts'
import type { TensorType } from '../ir/operation.ts'
import { withScope } from '../ir/scope.ts'
import { relu } from '../ops/activation/relu.ts'
import { full } from '../ops/creation/full.ts'
import { add } from '../ops/elementwise/add.ts'
import { detach } from '../ops/elementwise/detach.ts'
import { mul } from '../ops/elementwise/mul.ts'
import { expand, sum } from '../ops/reduction/sum.ts'
import { reshape } from '../ops/shape/reshape.ts'
import { castArray } from '../tensor/cast-array.ts'
import type { DType } from '../tensor/dtype.ts'
import { fromValues } from '../tensor/from-values.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { toFloat32 } from '../tensor/to-float32.ts'
import { type LoweringRequest, lowerGraph } from './lower-graph.ts'

const [batch, s] = [symbol('batch'), symbol('s')]

/** A request with the inputs and outputs named `x0`, `x1`, ... and `y0`, `y1`, ... */
function requestOf(inputs: readonly Value[], outputs: readonly Value[]): LoweringRequest {
  return {
    inputs: inputs.map((value, i) => ({ value, name: `x${i}` })),
    nodes: collectNodes(outputs),
    outputs: outputs.map((value, i) => ({ value, name: `y${i}` })),
  }
}

function counting(...shape: number[]): HostArray {
  const size = shape.reduce((product, dim) => product * dim, 1)
  return fromValues(
    'float32',
    shape,
    Array.from({ length: size }, (_, i) => i - 3),
  )
}

describe('lowerGraph() with symbolic sizes', () => {
  test('lowerGraph() writes one model for batches of every size', async () => {
    const x = new Value(float32(batch, 2, 3))
    const flat = emit(reshape, [x], { shape: [batch, -1] })
    const bias = emit(expand, [emit(full, [], { size: [6], fillValue: 10, dtype: 'float32' })], {
      size: flat.shape,
    })
    const merged = emit(reshape, [emit(add, [flat, bias], { alpha: 1 })], { shape: [mulDims(batch, 2), 3] })
    const calls = [{ x0: counting(2, 2, 3) }, { x0: counting(5, 2, 3) }]
    const results = await runLowered(requestOf([x], [merged]), ...calls)
    expect(results.map(({ y0 }) => y0?.shape)).toEqual([
      [4, 3],
      [10, 3],
    ])
    expect(results[0]?.y0?.values).toEqual(Array.from({ length: 12 }, (_, i) => i + 7))
  })

  test('lowerGraph() computes quotients as evaluateDim does, negative ones included', async () => {
    const x = new Value(float32(batch, s))
    const sizes = [
      addDims(floorDivDims(subDims(s, 1), 2), 1),
      addDims(floorDivDims(subDims(s, batch), 3), 10),
      addDims(floorDivDims(subDims(mulDims(batch, 2), mulDims(s, s)), batch), 100),
    ]
    const result = emit(full, [], { size: sizes, fillValue: 1, dtype: 'float32' })
    const total = emit(sum, [emit(mul, [result, emit(sum, [x], { dim: null, keepdim: false })], {})], {
      dim: [0, 1, 2],
      keepdim: false,
    })
    const shapes = [
      [2, 3],
      [5, 2],
      [3, 7],
    ]
    const results = await runLowered(
      requestOf([x], [result, total]),
      ...shapes.map((shape) => ({ x0: counting(...shape) })),
    )
    const floors = (b: number, n: number) => [
      Math.floor((n - 1) / 2) + 1,
      Math.floor((n - b) / 3) + 10,
      Math.floor((2 * b - n * n) / b) + 100,
    ]
    expect(results.map(({ y0 }) => y0?.shape)).toEqual(shapes.map(([b = 0, n = 0]) => floors(b, n)))
  })

  test('lowerGraph() names symbolic sizes in the model by their expressions', () => {
    const x = new Value(float32(batch, 2))
    const merged = emit(reshape, [x], { shape: [mulDims(batch, 2)] })
    const { graph } = lowerGraph(requestOf([x], [merged]))
    const dims = [graph?.input[0], graph?.output[0]].map((info) => {
      const type = info?.type?.value
      return type?.case === 'tensorType' ? type.value.shape?.dim.map(({ value }) => value.value) : undefined
    })
    expect(dims).toEqual([['batch', 2n], ['2*batch']])
  })

  test('lowerGraph() rejects a size that no input has', () => {
    const result = emit(full, [], { size: [s, 2], fillValue: 1, dtype: 'float32' })
    expect(() => lowerGraph(requestOf([new Value(float32(batch))], [result]))).toThrow(
      new RangeError(
        'Cannot lower the size "s": expected an input of the graph that has it, got none (a bug in lowbit)',
      ),
    )
  })
})

describe('lowerGraph() with narrow floats', () => {
  const NARROW: readonly DType[] = ['float16', 'bfloat16', 'float8_e4m3fn', 'float8_e5m2']
  /** Floats of every size, and the edges of what the dtypes hold. */
  const values = Float32Array.from(
    { length: 4096 },
    (_, i) => (-1) ** i * 2 ** (i / 15 - 145) * (1 + (i % 17) / 17),
  )
  values.set([
    0,
    -0,
    448,
    464,
    464.1,
    480,
    57344,
    61440,
    61439,
    65504,
    65520,
    1e38,
    Number.NaN,
    1 / 0,
    -1 / 0,
  ])

  const narrowed = (dtype: DType) =>
    fakeOperation('test.to', {
      infer: ([x]): readonly TensorType[] => [{ shape: x?.shape ?? [], dtype }],
      lower: (e) => [e.cast(e.inputs[0] ?? '', dtype)],
    })

  test.each(NARROW)('lowerGraph() rounds casts to %s as the host does', async (dtype) => {
    const array = fromValues('float32', [values.length], values)
    const x = new Value(array)
    const [result] = await runLowered(requestOf([x], [emit(narrowed(dtype), [x], {})]), { x0: array })
    const expected = toFloat32(castArray(array, dtype))
    const different = Array.from(expected, (value, i) => ({
      from: values[i],
      expected: value,
      got: result?.y0?.values[i],
    }))
    expect(different.filter(({ expected, got }) => !Object.is(expected, got))).toEqual([])
  })

  test.each(NARROW)('lowerGraph() rounds the results of operations on %s', async (dtype) => {
    const a = castArray(fromValues('float32', [3], [1.5, 3, -0.4375]), dtype)
    const b = castArray(fromValues('float32', [3], [0.0625, 7, 0.017]), dtype)
    const [x, y] = [new Value(a), new Value(b)]
    const product = emit(mul, [x, y], {})
    const [result] = await runLowered(requestOf([x, y], [product]), { x0: a, x1: b })
    const [left, right] = [toFloat32(a), toFloat32(b)]
    const exact = fromValues(
      'float32',
      [3],
      Array.from(left, (value, i) => value * (right[i] ?? 0)),
    )
    expect(result?.y0?.values).toEqual(Array.from(toFloat32(castArray(exact, dtype))))
  })
})

describe('lowerGraph() outputs', () => {
  const x = new Value(float32(3))

  test('lowerGraph() gives inputs, constants, twins and what stands behind them as outputs', async () => {
    const constant = emit(full, [], { size: [1], fillValue: 4, dtype: 'int64' })
    const outputs = [emit(detach, [x], {}), x, emit(relu, [x], {}), constant]
    const request = requestOf([x], outputs)
    const twice = { ...request, outputs: [...request.outputs, { value: outputs[2] ?? x, name: 'again' }] }
    const [result] = await runLowered(twice, { x0: counting(3) })
    expect(Object.entries(result ?? {}).map(([name, { values }]) => [name, values])).toEqual([
      ['y0', [-3, -2, -1]],
      ['y1', [-3, -2, -1]],
      ['y2', [0, 0, 0]],
      ['y3', [4n]],
      ['again', [0, 0, 0]],
    ])
  })

  test('lowerGraph() lets inputs and outputs have the names that it would choose itself', async () => {
    const [a, b] = [new Value(float32(3)), new Value(float32(3))]
    const total = emit(add, [emit(relu, [a], {}), emit(mul, [b], { other: 2 })], { alpha: 3 })
    const request = {
      inputs: [
        { value: a, name: 't0' },
        { value: b, name: 'c1' },
      ],
      nodes: collectNodes([total]),
      outputs: [{ value: total, name: 't1' }],
    }
    const [result] = await runLowered(request, { t0: fromValues('float32', [3], [1, 2, 3]), c1: counting(3) })
    expect(result?.t1?.values).toEqual([-17, -10, -3])
  })

  test('lowerGraph() rejects a value that is not computed before its use', () => {
    const result = withScope({ path: 'head', className: 'ReLU', parent: undefined }, () =>
      emit(relu, [x], {}),
    )
    const request = { ...requestOf([x], [emit(relu, [result], {})]), nodes: [] }
    expect(() => lowerGraph(request)).toThrow(
      new RangeError(
        'Cannot lower a use of "aten.relu": expected output 0 to be computed before, got none (a bug in lowbit)',
      ),
    )
  })
})

describe('lowerGraph() constants', () => {
  test('lowerGraph() tells lowerings which inputs are constant and which outputs are used', async () => {
    const seen: unknown[] = []
    const probe = fakeOperation('test.probe', {
      infer: () => [float32(3), float32(3)],
      lower(e) {
        seen.push([e.isConstant(0), e.isConstant(1), e.isConstant(2), e.uses(0), e.uses(1), e.has('float8')])
        return [e.op('Add', [e.inputs[0] ?? '', e.inputs[1] ?? '']), '']
      },
    })
    const [x, k] = [new Value(float32(3)), new Value(float32(3))]
    const total = emit(probe, [x, k, null], {})
    const request: LoweringRequest = {
      ...requestOf([x], [emit(add, [total, total], { alpha: 1 }), total]),
      constants: [{ value: k, name: 'k0' }],
      capabilities: new Set(['float8']),
    }
    const [result] = await runLowered(request, {
      x0: counting(3),
      k0: fromValues('float32', [3], [10, 20, 30]),
    })
    expect(seen.at(0)).toEqual([false, true, false, 3, 0, true])
    expect(result?.y1?.values).toEqual([7, 18, 29])
  })

  test('lowerGraph() writes where each ONNX node comes from, and the domains that are used', () => {
    const fused = fakeOperation('test.fused', {
      lower: (e) => [e.op('FusedMatMul', [e.inputs[0] ?? '', e.inputs[0] ?? ''], {}, 'com.microsoft')],
    })
    const x = new Value(float32(2, 2))
    const scope = { path: 'blocks.0', className: 'Block', parent: undefined }
    const model = lowerGraph(requestOf([x], [withScope(scope, () => emit(fused, [x], {}))]))
    expect(model.graph?.node.map(({ name }) => name)).toEqual(['0|test.fused in module "blocks.0" (Block)'])
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', 21n],
      ['com.microsoft', 1n],
    ])
  })

  test('lowerGraph() names results directly, and copies only what is an input or asked for twice', async () => {
    const x = new Value(float32(2))
    const y = emit(relu, [x], {})
    const request = requestOf([x], [y, emit(mul, [y, y], {}), y, x])
    expect(lowerGraph(request).graph?.node.map(({ opType }) => opType)).toEqual([
      ...['Relu', 'Mul'],
      ...['Identity', 'Identity'],
    ])
    const [result] = await runLowered(request, { x0: fromValues('float32', [2], [-1, 3]) })
    expect(Object.values(result ?? {}).map(({ values }) => values)).toEqual([
      [0, 3],
      [0, 9],
      [0, 3],
      [-1, 3],
    ])
  })
})
