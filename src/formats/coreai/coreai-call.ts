import type { Node } from '../../ir/node.ts'
import { type DType, dtypeInfo } from '../../tensor/dtype.ts'
import type { CallArgument, ProgramCall } from './aten-call.ts'

/**
 * The call of one of Core AI's operations; undefined for another node. Programs have no dtypes below eight bits: those of weights stand in a buffer
 * `quantization_n_bits` beside the data.
 */
export function coreaiCall(node: Node): ProgramCall | undefined {
  const { op, inputs, attrs } = node
  const [first = null, scale = null, zeroPoint = null, minval = null] = inputs
  const tensor = (value: typeof first): CallArgument => ({ kind: 'tensor', value })
  const dtype = (value: unknown): CallArgument => ({
    kind: 'dtype',
    dtype: typeof value === 'string' ? value : null,
  })
  const target = `torch.ops.${op.name}.default`
  const offsets = [
    ...(zeroPoint === null ? [] : [keyword('zero_point', tensor(zeroPoint))]),
    ...(minval === null ? [] : [keyword('minval', tensor(minval))]),
  ]
  const axis =
    typeof attrs.axis === 'number'
      ? [keyword('axis', { kind: 'constant', value: attrs.axis, isFloat: false })]
      : []
  const input = positional('input', tensor(first))
  const scaled = positional('scale', tensor(scale))
  switch (op.name) {
    case 'coreai.quantize':
      return callOf(target, [
        input,
        scaled,
        positional('output_dtype', dtype(attrs.outputDtype)),
        ...offsets,
        ...axis,
      ])
    case 'coreai.dequantize': {
      const dtypes = ['input_dtype', 'output_dtype'].flatMap((name) => {
        const value = name === 'input_dtype' ? attrs.inputDtype : attrs.outputDtype
        return value === null ? [] : [keyword(name, dtype(value))]
      })
      return callOf(target, [input, scaled, ...offsets, ...dtypes, ...axis])
    }
    case 'coreai.constexpr_blockwise_shift_scale':
      return callOf(target, [
        input,
        scaled,
        positional('zero_point', tensor(zeroPoint)),
        positional('minval', tensor(minval)),
        positional('input_dtype', dtype(writableDType(attrs.inputDtype, minval !== null))),
        positional('output_dtype', dtype(attrs.outputDtype)),
      ])
    default:
      return undefined
  }
}

/** Bits of the values of a quantized weight that its bytes do not tell: undefined for eight. */
export function narrowBits({ op, attrs }: Node): number | undefined {
  if (op.name !== 'coreai.constexpr_blockwise_shift_scale' || typeof attrs.inputDtype !== 'string')
    return undefined
  const { bits } = dtypeInfo(attrs.inputDtype as DType)
  return bits < 8 ? bits : undefined
}

/** Why a program cannot hold a node, and what would work; undefined where it can. */
export function unwritable({
  op,
  inputs,
  attrs,
}: Node): { readonly problem: string; readonly instead: string } | undefined {
  const dtype = op.name === 'coreai.quantize' ? attrs.outputDtype : attrs.inputDtype
  if (typeof dtype !== 'string' || dtypeInfo(dtype as DType).bits === 8) return undefined
  if (op.name === 'coreai.quantize')
    return { problem: `an activation of dtype ${dtype}`, instead: 'int8 or uint8' }
  const hasMinval = op.name === 'coreai.constexpr_blockwise_shift_scale' && Boolean(inputs[3])
  return hasMinval && dtype.startsWith('int')
    ? { problem: `the formulation "minval" with ${dtype}`, instead: 'the formulation "zp", or ONNX' }
    : undefined
}

/** Unsigned values count from 0 whatever their width, so that minval works with eight bits. */
function writableDType(dtype: unknown, hasMinval: boolean): string | null {
  if (typeof dtype !== 'string' || dtypeInfo(dtype as DType).kind === 'float') return null
  if (dtypeInfo(dtype as DType).bits === 8) return dtype
  return hasMinval ? 'uint8' : null
}

function callOf(target: string, args: ProgramCall['arguments']): ProgramCall {
  return { target, arguments: args, outputCount: 1, returnsList: false }
}

function positional(name: string, argument: CallArgument): ProgramCall['arguments'][number] {
  return { name, argument, isKeyword: false }
}

function keyword(name: string, argument: CallArgument): ProgramCall['arguments'][number] {
  return { name, argument, isKeyword: true }
}
