import { addDims, type Dim, type Dims, floorDivDims, formatDims } from '../../ir/dim.ts'
import type { MilArguments } from '../../ir/mil-emitter.ts'
import type { TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { batchedTypes, resultType } from '../convolution/batched.ts'
import { extent, spread } from '../convolution/geometry.ts'

/** Attributes that ATen's pools have in common. An empty stride is the kernel size. */
export type WindowAttributes = {
  readonly kernelSize: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly ceilMode: boolean
}

/** Where windows lie: one entry for each spatial dimension. */
export interface Windows {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
  /** Whether a last window may hang over the end. */
  readonly ceilMode: boolean
}

/**
 * Windows of a pool over `rank` dimensions.
 * @throws RangeError for numbers that no pool has
 */
export function windowsOf(
  op: string,
  { kernelSize, stride, padding, ceilMode }: WindowAttributes,
  dilations: readonly number[],
  rank: number,
): Windows {
  const kernel = spread(op, 'kernel size', kernelSize, rank, 1)
  const dilation = spread(op, 'dilation', dilations, rank, 1)
  const pads = spread(op, 'padding', padding, rank, 0)
  if (pads.some((pad, i) => 2 * pad > extent(kernel[i] ?? 1, dilation[i] ?? 1))) {
    throw new RangeError(
      `Cannot record "${op}": expected a padding of at most half the kernel size [${kernel.join(', ')}], got [${pads.join(', ')}]`,
    )
  }
  const steps = stride.length === 0 ? kernel : spread(op, 'stride', stride, rank, 1)
  return { kernel, stride: steps, padding: pads, dilation, ceilMode }
}

/** Type of a pool's result, for a batch or one example. */
export function inferPool(op: string, inputs: readonly (TensorType | null)[], windows: Windows): TensorType {
  const { types, isSingle } = batchedTypes(op, inputs, windows.kernel.length)
  const { shape, dtype } = types[0] ?? { shape: [], dtype: 'float32' as const }
  const pooled = [...shape.slice(0, 2), ...pooledDims(op, shape.slice(2), windows)]
  return resultType({ shape: pooled, dtype }, isSingle)
}

/**
 * Spatial sizes after a pool.
 * @throws ShapeError when no window fits, or a symbolic size leaves it open how many do
 */
export function pooledDims(op: string, input: Dims, windows: Windows): Dim[] {
  return input.map((size, axis) => {
    const { reach, step, pad } = along(windows, axis)
    const room = addDims(size, 2 * pad - reach)
    if (typeof room === 'number' && room < 0) {
      throw new ShapeError(
        `Cannot record "${op}": expected windows that fit into the padded input, got [${windows.kernel.join(', ')}] for ${formatDims(input)}`,
      )
    }
    if (!windows.ceilMode) return addDims(floorDivDims(room, step), 1)
    return roundedUp(op, size, room, { reach, step, pad })
  })
}

/** In ceil mode a last window may hang over the end, but it has to start within the input or the padding before it. */
function roundedUp(op: string, size: Dim, room: Dim, { reach, step, pad }: Along): Dim {
  const count = addDims(floorDivDims(addDims(room, step - 1), step), 1)
  if (step <= reach - pad) return count
  if (typeof count === 'number' && typeof size === 'number')
    return (count - 1) * step >= size + pad ? count - 1 : count
  throw new ShapeError(
    `Cannot record "${op}": expected a known size for windows that may start outside of it in ceil mode, got ${size}`,
  )
}

/** Padding after each dimension that makes the windows fit exactly, or more where a floor hides it. */
export function endPadding(windows: Windows, input: Dims, output: Dims): number[] {
  return input.map((size, axis) => {
    const { reach, step, pad } = along(windows, axis)
    const count = output[axis] ?? 1
    if (typeof size === 'number' && typeof count === 'number')
      return Math.max(0, (count - 1) * step + reach - size - pad)
    return windows.ceilMode ? pad + step - 1 : pad
  })
}

interface Along {
  readonly reach: number
  readonly step: number
  readonly pad: number
}

function along({ kernel, stride, padding, dilation }: Windows, axis: number): Along {
  return {
    reach: extent(kernel[axis] ?? 1, dilation[axis] ?? 1),
    step: stride[axis] ?? 1,
    pad: padding[axis] ?? 0,
  }
}

/** A pool's arguments in MIL. */
export function milWindows({ kernel, stride, padding, ceilMode }: Windows): MilArguments {
  return {
    kernel_sizes: kernel,
    strides: stride,
    pad_type: padding.some((pad) => pad !== 0) ? 'custom' : 'valid',
    pad: padding.flatMap((pad) => [pad, pad]),
    ceil_mode: ceilMode,
  }
}
