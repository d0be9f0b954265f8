import { addDims, type Dims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { endPadding, type Windows } from './windows.ts'

/** Results of a max pool's nodes. */
export interface MaxPoolNodes {
  readonly y: string
  /** Positions of the maxima in row-major order of `source`; '' when they were not asked for. The first of equal maxima counts. */
  readonly indices: string
  /** Shape that the indices refer to: the input's, or with padding that had to be written out. */
  readonly source: Dims
}

/** Writes a max pool over [N, C, ...]. Indices cost several times the pool itself. */
export function maxPoolNodes(
  e: Emitter,
  x: string,
  windows: Windows,
  dims: { readonly x: Dims; readonly y: Dims },
  wantsIndices: boolean,
): MaxPoolNodes {
  const { kernel, stride, padding, dilation } = windows
  const ends = endPadding(windows, dims.x.slice(2), dims.y.slice(2))
  // ONNX Runtime takes padding below the kernel size only, whatever the dilation.
  const isTooWide = [...padding, ...ends].some((pad, i) => pad >= (kernel[i % kernel.length] ?? 1))
  const data = isTooWide ? padded(e, x, padding, ends) : x
  const pads = isTooWide ? kernel.flatMap(() => [0, 0]) : [...padding, ...ends]
  const attrs = { kernel_shape: kernel, strides: stride, dilations: dilation, pads }
  const [y = '', indices = ''] = e.ops('MaxPool', [data], wantsIndices ? [true, true] : [true], attrs)
  const source = isTooWide ? paddedDims(dims.x, padding, ends) : dims.x
  return { y, indices, source }
}

function padded(e: Emitter, x: string, before: readonly number[], after: readonly number[]): string {
  return e.op('Pad', [x, e.ints([0, 0, ...before, 0, 0, ...after]), e.scalar(-Infinity)])
}

function paddedDims(dims: Dims, before: readonly number[], after: readonly number[]): Dims {
  return dims.map((size, i) => (i < 2 ? size : addDims(size, (before[i - 2] ?? 0) + (after[i - 2] ?? 0))))
}
