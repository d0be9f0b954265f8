import type { ConvShape } from '../src/ops/convolution/conv-shape.ts'
import { inputSize, outputSize, weightSize } from '../src/ops/convolution/conv-shape.ts'
import { sizeOf } from '../src/tensor/shape.ts'

/** Row-major numbers. */
export type Numbers = readonly number[]

/** A convolution by its definition, one product after the other. */
export function naiveConvolution(shape: ConvShape, x: Numbers, w: Numbers): number[] {
  const y = zeros(outputSize(shape))
  visitProducts(shape, (xi, wi, yi) => {
    y[yi] = (y[yi] ?? 0) + (x[xi] ?? 0) * (w[wi] ?? 0)
  })
  return y
}

/** The gradient of a convolution's data. */
export function naiveInputGradient(shape: ConvShape, grad: Numbers, w: Numbers): number[] {
  const x = zeros(inputSize(shape))
  visitProducts(shape, (xi, wi, yi) => {
    x[xi] = (x[xi] ?? 0) + (grad[yi] ?? 0) * (w[wi] ?? 0)
  })
  return x
}

/** The gradient of a convolution's weight. */
export function naiveWeightGradient(shape: ConvShape, x: Numbers, grad: Numbers): number[] {
  const w = zeros(weightSize(shape))
  visitProducts(shape, (xi, wi, yi) => {
    w[wi] = (w[wi] ?? 0) + (x[xi] ?? 0) * (grad[yi] ?? 0)
  })
  return w
}

/** Calls back for each product that a convolution sums up, with the positions of its factors and of the sum. */
function visitProducts(shape: ConvShape, visit: (xi: number, wi: number, yi: number) => void): void {
  const { batch, channels, filters, groups, input, kernel, output } = shape
  const perGroup = channels / groups
  for (const image of range(batch)) {
    for (const filter of range(filters)) {
      const first = Math.floor(filter / (filters / groups)) * perGroup
      for (const channel of range(perGroup)) {
        for (const tap of range(sizeOf(kernel))) {
          for (const position of range(sizeOf(output))) {
            const source = sourceOf(shape, positionsOf(tap, kernel), positionsOf(position, output))
            if (source === undefined) continue
            const xi = (image * channels + first + channel) * sizeOf(input) + source
            const wi = (filter * perGroup + channel) * sizeOf(kernel) + tap
            visit(xi, wi, (image * filters + filter) * sizeOf(output) + position)
          }
        }
      }
    }
  }
}

function sourceOf(
  { input, stride, dilation, padding }: ConvShape,
  tap: Numbers,
  position: Numbers,
): number | undefined {
  let source = 0
  for (const [axis, size] of input.entries()) {
    const start = (position[axis] ?? 0) * (stride[axis] ?? 1) - (padding[axis]?.[0] ?? 0)
    const at = start + (tap[axis] ?? 0) * (dilation[axis] ?? 1)
    if (at < 0 || at >= size) return undefined
    source = source * size + at
  }
  return source
}

function positionsOf(index: number, sizes: readonly number[]): number[] {
  return sizes.map((size, axis) => Math.floor(index / sizeOf(sizes.slice(axis + 1))) % size)
}

function zeros(size: readonly number[]): number[] {
  return new Array<number>(sizeOf(size)).fill(0)
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
