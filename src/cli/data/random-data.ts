import { castArray } from '../../tensor/cast-array.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { fromValues } from '../../tensor/from-values.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { Random } from '../../tensor/random.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import type { InputSpec } from './model-inputs.ts'

/** What stands for a size that nobody named: for the first of an input, for the others, and for those of pictures, which networks halve five times. */
const USUAL_SIZES = { first: 1, other: 32, ofPicture: 64 }
/** Integers are below this, so that they are tokens of most vocabularies. */
const MAX_INTEGER = 100

/** Sizes that vary, by name, as `--sizes batch=1,sequence=128` gives them. */
export type NamedSizes = ReadonlyMap<string, number>

/** Reads `batch=1,sequence=128`. @throws CommandError for anything else */
export function readSizes(text: string): NamedSizes {
  if (text === '') return new Map()
  return new Map(
    text.split(',').map((part) => {
      const [, name = '', size = ''] = /^\s*([^=\s]+)\s*=\s*([1-9]\d*)\s*$/.exec(part) ?? []
      if (name !== '') return [name, Number(size)] as const
      throw new CommandError(
        `Cannot read "--sizes ${text}": expected name=number, parted by commas, got "${part}"`,
        ExitCode.usage,
      )
    }),
  )
}

function usualSize(axis: number, rank: number): number {
  if (axis === 0) return USUAL_SIZES.first
  return rank === 4 ? USUAL_SIZES.ofPicture : USUAL_SIZES.other
}

/** Integers that mean something by the names that exporters of text models give them: nothing is masked, and all tokens are of the first type. */
function namedInteger(name: string): number | undefined {
  if (/mask/i.test(name)) return 1
  return /type_ids|segment/i.test(name) ? 0 : undefined
}

/**
 * A complete set of inputs of random numbers, the same for the same seed: floats with mean 0 and deviation 1, integers from 0 to 99, but ones for masks and zeros for types of
 * tokens.
 */
export function randomInputs(inputs: readonly InputSpec[], sizes: NamedSizes, seed: number): HostArray[] {
  const random = new Random(seed)
  return inputs.map(({ name, dtype, shape }) => {
    const concrete = shape.map((size, i) =>
      typeof size === 'number' ? size : (sizes.get(size) ?? usualSize(i, shape.length)),
    )
    const numbers = random.normal(sizeOf(concrete))
    if (isFloating(dtype)) return castArray(fromTypedArray(numbers, concrete), dtype)
    const named = namedInteger(name)
    const integers = Array.from(numbers, (value) => named ?? Math.floor(Math.abs(value) * 33) % MAX_INTEGER)
    return fromValues(dtype, concrete, dtype === 'bool' ? integers.map((value) => value % 2) : integers)
  })
}
