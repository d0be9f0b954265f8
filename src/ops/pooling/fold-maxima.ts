import { type Dims, isConcrete } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { canReorder, fromBlocks, paddedChannels, toBlocks } from '../convolution/nchwc.ts'
import { reshape } from '../convolution/onnx-layout.ts'
import type { Windows } from './windows.ts'

/** Elements of a window up to which going through them one by one is faster than looking positions up. */
const MOST_TAPS = 9

/** Whether `foldMaxima` computes the gradient of a pool: windows side by side that cover the planes exactly. */
export function foldsMaxima({ kernel, stride, padding, dilation }: Windows, x: Dims, y: Dims): boolean {
  if (!isConcrete(x) || !isConcrete(y) || kernel.length > 2) return false
  const isTiled = kernel.every(
    (size, i) =>
      size === stride[i] &&
      padding[i] === 0 &&
      (dilation[i] === 1 || size === 1) &&
      size * (y[i + 2] ?? 0) === x[i + 2],
  )
  return isTiled && sizeOf(kernel) <= MOST_TAPS && canReorder((x[0] ?? 0) * (x[1] ?? 0))
}

/**
 * Writes the gradient of a max pool whose windows lie side by side: the elements of all windows are compared one after the other, and the
 * gradient is handed down the same way. In the blocked layout of `com.microsoft.nchwc`, where an element of a window is a run of memory.
 */
export function foldMaxima(
  e: Emitter,
  [x, grad]: readonly [string, string],
  kernel: readonly number[],
  size: readonly number[],
): string {
  const block = e.has('nchwc16') ? 16 : 8
  const [batch = 1, channels = 1, ...input] = size
  const [down = 1, along = 1] = kernel.length === 1 ? [1, ...kernel] : kernel
  const [height = 1, width = 1] = input.length === 1 ? [1, ...input] : input
  const planes = batch * channels
  const [rows, columns] = [height / down, width / along]
  const bands = (paddedChannels(planes, block) / block) * rows
  const data = reshape(e, toBlocks(e, reshape(e, x, [1, planes, height, width])), [
    bands,
    down,
    columns,
    along,
    block,
  ])
  const gradient = reshape(e, toBlocks(e, reshape(e, grad, [1, planes, rows, columns])), [
    bands,
    columns,
    block,
  ])
  const taps = Array.from({ length: down * along }, (_, i) => {
    const at = [Math.floor(i / along), i % along]
    const view = e.op('Slice', [data, e.ints(at), e.ints(at.map((start) => start + 1)), e.ints([1, 3])])
    return reshape(e, view, [bands, columns, block])
  })
  const shares = handDown(e, taps, gradient)
  const lines = Array.from({ length: down }, (_, i) => {
    const line = joined(e, shares.slice(i * along, (i + 1) * along), 2)
    return reshape(e, line, [bands, 1, columns * along * block])
  })
  const blocks = reshape(e, joined(e, lines, 1), [1, paddedChannels(planes, block), height, width])
  return reshape(e, fromBlocks(e, blocks, planes), size)
}

/** Writes each tap's share of a gradient that goes to the first of the largest taps. */
function handDown(e: Emitter, [first = '', ...taps]: readonly string[], gradient: string): string[] {
  let best = first
  const kept = taps.map((tap, i) => {
    const isKept = e.cast(e.op('GreaterOrEqual', [best, tap]), 'float32')
    if (i < taps.length - 1) best = e.op('Max', [best, tap])
    return isKept
  })
  const shares: string[] = []
  let left = gradient
  for (const isKept of kept.toReversed()) {
    const share = e.op('Mul', [left, isKept])
    shares.unshift(e.op('Sub', [left, share]))
    left = share
  }
  return [left, ...shares]
}

function joined(e: Emitter, values: readonly string[], axis: number): string {
  const [only = ''] = values
  return values.length === 1 ? only : e.op('Concat', values, { axis })
}
