import { noGrad } from '../../engine/recorder.ts'
import { composite, type Tensor } from '../../engine/tensor.ts'
import type { Parameter } from '../parameter.ts'

/** Added to the norm that the limit is divided by. */
const EPSILON = 1e-6

/**
 * Scales the gradients so that the norm of all of them together is at most `maxNorm`; call it between `backward` and the optimizer's step.
 *
 * @param options `normType`: 2 is the Euclidean norm (default), Infinity the largest absolute value
 * @returns the norm that the gradients had, as a tensor of rank 0
 * @throws RangeError when no parameter has a gradient
 */
export function clipGradNorm(
  parameters: Iterable<Parameter>,
  maxNorm: number,
  { normType = 2 }: { readonly normType?: number } = {},
): Tensor {
  const graded = [...parameters].flatMap((parameter) =>
    parameter.grad === null ? [] : [{ parameter, gradient: parameter.grad }],
  )
  return noGrad(() =>
    composite(() => {
      const norm = normOf(
        graded.map(({ gradient }) => gradient),
        normType,
      )
      const scale = norm.add(EPSILON).reciprocal().mul(maxNorm).clamp({ max: 1 })
      for (const { parameter, gradient } of graded) parameter.grad = gradient.mul(scale)
      return norm
    }),
  )
}

/** Limits each element of the gradients to [-clipValue, clipValue]; call it between `backward` and the optimizer's step. */
export function clipGradValue(parameters: Iterable<Parameter>, clipValue: number): void {
  noGrad(() =>
    composite(() => {
      for (const parameter of parameters) {
        parameter.grad = parameter.grad?.clamp({ min: -clipValue, max: clipValue }) ?? null
      }
    }),
  )
}

function normOf(gradients: readonly Tensor[], normType: number): Tensor {
  const [first, ...rest] = gradients.map((gradient) => partOf(gradient, normType))
  if (first === undefined) throw new RangeError('Cannot clip gradients: expected at least one, got none')
  if (normType === Number.POSITIVE_INFINITY) return rest.reduce((norm, part) => norm.maximum(part), first)
  const sum = rest.reduce((total, part) => total.add(part), first)
  if (normType === 1) return sum
  return normType === 2 ? sum.sqrt() : sum.pow(1 / normType)
}

/** What a gradient adds to the norm of all, before the root. */
function partOf(gradient: Tensor, normType: number): Tensor {
  if (normType === 2) return gradient.mul(gradient).sum()
  const sizes = gradient.abs()
  if (normType === Number.POSITIVE_INFINITY) return sizes.amax()
  return normType === 1 ? sizes.sum() : sizes.pow(normType).sum()
}
