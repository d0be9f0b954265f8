import {
  type ModelProto,
  type NodeProto,
  TensorProto_DataType as OnnxType,
  type TensorProto,
} from '../../codec/onnx.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { spareInt8ZeroPoints } from './int8-zero-points.ts'

/** What a model uses that came with a version of ONNX's operators. */
interface Need {
  readonly opset: number
  readonly what: string
}

/** The oldest version whose operators are the ones that lowbit writes. */
const OLDEST = 18
/** The newest version that lowbit knows. */
const NEWEST = 25
/** What is written unless something needs more: ONNX Runtime reads it since 1.17, and from the next on it trips over zero points of int8. */
const USUAL = 20

/** QuantizeLinear has an attribute for the dtype of its result from here on. */
export const FIRST_WITH_OUTPUT_DTYPE = 21

/** First versions of operators that are newer than the oldest. */
const OPERATORS: Readonly<Record<string, number>> = {
  DeformConv: 19,
  Gelu: 20,
  GroupNormalization: 21,
  RMSNormalization: 23,
  Attention: 23,
  RotaryEmbedding: 23,
}

/** First versions of element types that are newer than the oldest. */
const DTYPES: ReadonlyMap<number, Need> = new Map<number, Need>([
  [OnnxType.FLOAT8E4M3FN, { opset: 19, what: 'float8_e4m3fn' }],
  [OnnxType.FLOAT8E5M2, { opset: 19, what: 'float8_e5m2' }],
  [OnnxType.INT4, { opset: 21, what: 'int4' }],
  [OnnxType.UINT4, { opset: 21, what: 'uint4' }],
  [OnnxType.FLOAT4E2M1, { opset: 23, what: 'float4_e2m1fn_x2' }],
  [OnnxType.FLOAT8E8M0, { opset: 24, what: 'float8_e8m0fnu' }],
  [OnnxType.INT2, { opset: 25, what: 'int2' }],
  [OnnxType.UINT2, { opset: 25, what: 'uint2' }],
])

/** Version of the file format that came with each version of the operators. */
export const IR_VERSIONS: ReadonlyMap<number, bigint> = new Map([
  [18, 8n],
  [19, 9n],
  [20, 9n],
  [21, 10n],
  [22, 10n],
  [23, 11n],
  [24, 12n],
  [25, 13n],
])

/** @throws RangeError for a version that lowbit does not write */
export function checkOpset(opset: number): void {
  if (Number.isInteger(opset) && opset >= OLDEST && opset <= NEWEST) return
  throw new RangeError(
    `Cannot write a model as ONNX: expected an opset from ${OLDEST} to ${NEWEST}, got ${opset}`,
  )
}

/**
 * Declares the version of ONNX's operators that a model uses: the asked one, or the usual one unless something needs more.
 * @throws ExportError where the asked one is too old, with everything that needs a newer one
 */
export function declareOpset(model: ModelProto, asked: number | undefined): void {
  const needs = needsOf(model.graph?.node ?? [], model.graph?.initializer ?? [])
  const needed = needs.reduce((max, { opset }) => Math.max(max, opset), OLDEST)
  const opset = asked ?? Math.max(needed, USUAL)
  if (opset < needed) {
    const newer = needs.filter((need) => need.opset > opset)
    const list = [...new Set(newer.map((need) => `${need.what} (${need.opset})`))]
    throw new ExportError(
      `Cannot write a model as ONNX of opset ${opset}: expected what it has, got ${list.join(', ')}\nHint: ask for opset ${needed}, or for none`,
      [],
    )
  }
  model.irVersion = IR_VERSIONS.get(opset) ?? 10n
  for (const entry of model.opsetImport) if (entry.domain === '') entry.version = BigInt(opset)
  if (opset >= FIRST_WITH_OUTPUT_DTYPE) spareInt8ZeroPoints(model)
}

/** What nodes and tensors use that came with a version of ONNX's operators. */
export function needsOf(nodes: readonly NodeProto[], tensors: readonly TensorProto[]): Need[] {
  const byOperator = nodes.flatMap(({ opType, domain, attribute }): Need[] => {
    if (domain !== '') return []
    const opset = OPERATORS[opType]
    const blocked = attribute.some(({ name: key, i }) => key === 'block_size' && i !== 0n)
    return [
      ...(opset === undefined ? [] : [{ opset, what: opType }]),
      ...(blocked ? [{ opset: 21, what: `${opType} in blocks` }] : []),
      ...castNeeds(attribute.find(({ name }) => name === 'to')?.i),
    ]
  })
  const byDType = tensors.flatMap(({ dataType }) => DTYPES.get(dataType) ?? [])
  return [...byOperator, ...byDType]
}

function castNeeds(to: bigint | undefined): Need[] {
  return to === undefined ? [] : [DTYPES.get(Number(to))].filter((need) => need !== undefined)
}
