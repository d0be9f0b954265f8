import { didYouMean } from '../quantization/nearest-name.ts'
import { CommandError, ExitCode } from './exit-code.ts'

/** What ONNX's operators are here, where the names differ by more than their writing. */
const ONNX_TYPES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    conv: ['conv1d', 'conv2d', 'conv3d'],
    convtranspose: ['conv_transpose1d', 'conv_transpose2d', 'conv_transpose3d'],
    gemm: ['linear', 'addmm', 'mm', 'matmul'],
    matmul: ['matmul', 'mm', 'bmm', 'linear'],
    gather: ['embedding', 'index_select', 'gather'],
    maxpool: ['max_pool1d', 'max_pool2d', 'max_pool3d'],
    averagepool: ['avg_pool1d', 'avg_pool2d', 'avg_pool3d'],
    globalaveragepool: ['adaptive_avg_pool1d', 'adaptive_avg_pool2d', 'adaptive_avg_pool3d', 'mean'],
    concat: ['cat'],
  }),
)

/** An operation of a model, as far as its type is asked for. */
interface TypedOp {
  readonly name: string
  readonly type: string
}

/**
 * Names of the operations that are of none of some types, which are lowbit's (`conv2d`) or ONNX's (`Conv`).
 * @throws CommandError for a type that no operation has
 */
export function namesOfOtherTypes(operations: readonly TypedOp[], types: readonly string[]): string[] {
  const there = new Set(operations.map(({ type }) => type))
  const wanted = new Set<string>()
  for (const type of types) {
    const meant = [type.toLowerCase(), ...(ONNX_TYPES.get(type.toLowerCase()) ?? [])].filter((each) =>
      there.has(each),
    )
    if (meant.length === 0)
      throw new CommandError(
        `Cannot quantize "${type}" alone: expected a type of operation that the model has, got one that fits none (--op-types-to-quantize)\n` +
          `Hint: ${didYouMean(type, there) ?? 'lowbit inspect --ops lists the types'}`,
        ExitCode.usage,
      )
    for (const each of meant) wanted.add(each)
  }
  return operations.filter(({ type }) => !wanted.has(type)).map(({ name }) => name)
}
