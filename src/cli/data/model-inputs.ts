import type { Dims } from '../../ir/dim.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { castArray } from '../../tensor/cast-array.ts'
import { type DType, isFloating } from '../../tensor/dtype.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { CommandError } from '../exit-code.ts'

/** An input of a model, as data has to fit it. */
export interface InputSpec {
  readonly name: string
  readonly dtype: DType
  /** Sizes; a text is one that may vary. */
  readonly shape: readonly (number | string)[]
}

/** The inputs of a model in the order in which it takes them. */
export function inputsOf(model: GraphModule): InputSpec[] {
  return model.graph.inputs
    .filter(({ kind }) => kind === 'input')
    .map(({ name, value }) => ({ name, dtype: value.dtype, shape: sizesOf(value.shape) }))
}

function sizesOf(shape: Dims): (number | string)[] {
  return shape.map((size) => (typeof size === 'number' ? size : size.key))
}

/** `float32 [batch, 3]` */
export function formatSpec({
  dtype,
  shape,
}: {
  readonly dtype: string
  readonly shape: readonly unknown[]
}): string {
  return `${dtype} [${shape.join(', ')}]`
}

/**
 * An array with the dtype of an input: floats become floats of another width, and integers wider ones. Nothing else is converted, because it would change
 * what the numbers mean.
 * @throws CommandError for another dtype
 */
function fitDType(array: HostArray, input: InputSpec, origin: string): HostArray {
  if (array.dtype === input.dtype) return array
  const areFloats = isFloating(array.dtype) && isFloating(input.dtype)
  const widens = WIDENING[array.dtype]?.includes(input.dtype) === true
  if (areFloats || widens) return castArray(array, input.dtype)
  throw mismatch(origin, input, formatSpec(array))
}

const WIDENING: Partial<Record<DType, readonly DType[]>> = {
  int32: ['int64'],
  int16: ['int32', 'int64'],
  int8: ['int16', 'int32', 'int64'],
  uint8: ['int16', 'int32', 'int64'],
}

/** What does not fit an input: which one, what it takes and what was brought. */
export function mismatch(origin: string, input: InputSpec, got: string, hint?: string): CommandError {
  const cure = hint === undefined ? '' : `\nHint: ${hint}`
  return new CommandError(
    `Cannot use "${origin}" for the input "${input.name}": expected ${formatSpec(input)}, got ${got}${cure}`,
  )
}

/**
 * Arrays by name in the order of a model's inputs. The only array fits the only input whatever it is called; arrays that no input has are left out.
 * @throws CommandError when an input has none
 */
export function matchInputs(
  arrays: ReadonlyMap<string, HostArray>,
  inputs: readonly InputSpec[],
  origin: string,
): HostArray[] {
  const [only] = inputs
  const [first] = arrays.values()
  if (inputs.length === 1 && arrays.size === 1 && only !== undefined && first !== undefined)
    return [fitDType(first, only, origin)]
  return inputs.map((input) => {
    const array = arrays.get(input.name)
    if (array !== undefined) return fitDType(array, input, origin)
    const names = [...arrays.keys()].map((name) => `"${name}"`).join(', ')
    throw mismatch(origin, input, names === '' ? 'no arrays' : `only ${names}`)
  })
}
