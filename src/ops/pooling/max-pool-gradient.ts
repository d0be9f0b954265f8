import { addDims, type Dims, sameDims, sizeOfDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { extent } from '../convolution/geometry.ts'
import { reshape } from '../convolution/onnx-layout.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { foldMaxima, foldsMaxima } from './fold-maxima.ts'
import { maxPoolNodes } from './max-pool-nodes.ts'
import { inferPool, type WindowAttributes, type Windows, windowsOf } from './windows.ts'

const NAME = 'lowbit.max_pool_gradient'

/** Attributes of the pool whose gradient it is. */
type MaxPoolGradientAttributes = WindowAttributes & { readonly dilation: readonly number[] }

/** Gradient of a max pool's data [N, C, ...]: each window's gradient goes to the first of its largest elements. Inputs: data, gradient. */
export const maxPoolGradient: Operation<MaxPoolGradientAttributes> = defineOp({
  name: NAME,
  infer(inputs, attrs) {
    const x = floatingAt(NAME, inputs, 0)
    const grad = floatingAt(NAME, inputs, 1)
    const pooled = inferPool(NAME, [x], windowsFor(attrs, x.shape))
    if (x.dtype === grad.dtype && sameDims(pooled.shape, grad.shape)) return [x]
    throw new ShapeError(
      `Cannot record "${NAME}": expected a gradient ${formatType(pooled)}, got ${formatType(grad)}`,
    )
  },
  gradient: 'none',
  lower(e, { inputs: [x, grad], attrs }) {
    const [data = '', gradient = ''] = e.inputs
    const dims = { x: x?.shape ?? [], y: grad?.shape ?? [] }
    const windows = windowsFor(attrs, dims.x)
    if (e.has('nchwc') && foldsMaxima(windows, dims.x, dims.y)) {
      return [foldMaxima(e, [data, gradient], windows.kernel, dims.x.map(Number))]
    }
    const { indices, source } = maxPoolNodes(e, data, windows, dims, true)
    const spread = isApart(windows)
      ? e.op('MaxUnpool', [gradient, indices, e.shape(source)], { kernel_shape: windows.kernel })
      : scatterAdd(e, gradient, indices, source)
    return [source === dims.x ? spread : cropped(e, spread, windows.padding, dims.x)]
  },
})

function windowsFor(attrs: MaxPoolGradientAttributes, shape: Dims): Windows {
  return windowsOf(NAME, attrs, attrs.dilation, shape.length - 2)
}

/** Whether no element is in two windows. */
function isApart({ kernel, stride, dilation }: Windows): boolean {
  return kernel.every((size, i) => (stride[i] ?? 1) >= extent(size, dilation[i] ?? 1))
}

/** Writes zeros with values added at positions that may repeat. */
function scatterAdd(e: Emitter, values: string, indices: string, shape: Dims): string {
  const zeros = e.op('Expand', [e.scalar(0), e.shape([sizeOfDims(shape)])])
  const operands = [zeros, reshape(e, indices, [-1]), reshape(e, values, [-1])]
  return e.op('Reshape', [e.op('ScatterElements', operands, { axis: 0, reduction: 'add' }), e.shape(shape)])
}

function cropped(e: Emitter, value: string, before: readonly number[], shape: Dims): string {
  const ends = e.shape(before.map((start, i) => addDims(shape[i + 2] ?? 1, start)))
  return e.op('Slice', [value, e.ints(before), ends, e.ints(before.map((_, i) => i + 2))])
}
