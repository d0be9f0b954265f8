import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { asBatch, batchDims, lowerAsBatch, milAsBatch } from '../convolution/batched.ts'
import { defineOp } from '../define-op.ts'
import { reshaped } from '../shape/reshape.ts'
import { maxPoolGradient } from './max-pool-gradient.ts'
import { maxPoolNodes } from './max-pool-nodes.ts'
import { inferPool, milWindows, type WindowAttributes, windowsOf } from './windows.ts'

/** Attributes of `aten.max_pool*`. */
export type MaxPoolAttributes = WindowAttributes & { readonly dilation: readonly number[] }

/** Largest value of each window of [N, C, L] or [C, L]; padding never wins. */
export const maxPool1d: Operation<MaxPoolAttributes> = defineMaxPool('aten.max_pool1d', 1)

/** Largest value of each window of [N, C, H, W] or [C, H, W]; padding never wins. */
export const maxPool2d: Operation<MaxPoolAttributes> = defineMaxPool('aten.max_pool2d', 2)

/** Largest value of each window of [N, C, D, H, W] or [C, D, H, W]; padding never wins. */
export const maxPool3d: Operation<MaxPoolAttributes> = defineMaxPool('aten.max_pool3d', 3)

function defineMaxPool(name: string, spatial: number): Operation<MaxPoolAttributes> {
  return defineOp<MaxPoolAttributes>({
    name,
    infer: (inputs, attrs) => [inferPool(name, inputs, windowsOf(name, attrs, attrs.dilation, spatial))],
    gradient({ inputs: [x], gradients: [g], attrs }) {
      if (!x || !g) return [null]
      const { kernel, ...windows } = windowsOf(name, attrs, attrs.dilation, spatial)
      const grad = emit(maxPoolGradient, [asBatch(x, spatial), asBatch(g, spatial)], {
        ...windows,
        kernelSize: kernel,
      })
      return [reshaped(grad, x.shape)]
    },
    lower(e, node) {
      const windows = windowsOf(name, node.attrs, node.attrs.dilation, spatial)
      const dims = batchDims(node, spatial)
      return [lowerAsBatch(e, node, spatial, (x) => maxPoolNodes(e, x, windows, dims, false).y)]
    },
    mil(e, node) {
      const windows = windowsOf(name, node.attrs, node.attrs.dilation, spatial)
      if (windows.dilation.some((gap) => gap !== 1))
        return e.refuse('a dilation of 1', `[${windows.dilation.join(', ')}]`)
      if (windows.ceilMode && spatial === 3) return e.refuse('at most two dimensions in ceil mode', 'three')
      return [
        milAsBatch(e, node, spatial, (x, shape) =>
          e.op('max_pool', { x, ...milWindows(windows) }, { shape }),
        ),
      ]
    },
    quantization: { sharesObserver: true },
  })
}
