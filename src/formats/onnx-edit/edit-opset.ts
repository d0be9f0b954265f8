import { create } from '@bufbuild/protobuf'
import { type ModelProto, OperatorSetIdProtoSchema } from '../../codec/onnx.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { checkOpset, IR_VERSIONS, needsOf } from '../onnx/opset.ts'
import { graphOf, opsetOf } from '../onnx-reader/read-model.ts'
import type { NewNodes } from './new-nodes.ts'

/** Opset from which on operators have the form that lowbit writes; the others have it since 18. */
const FORMS: Readonly<Record<string, number>> = {
  QuantizeLinear: 10,
  DequantizeLinear: 10,
  MatMulNBits: 1,
  ...Object.fromEntries(
    ['Add', 'Sub', 'Mul', 'Div', 'Cast', 'Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Relu', 'Identity'].map(
      (name) => [name, 7],
    ),
  ),
  Transpose: 7,
  Clip: 12,
}
const OLDEST_FORM = 18
/** From here on a GroupNormalization has a scale for each channel, and no longer one for each group. */
const NEW_GROUP_NORM = 21
/** The oldest version of the file format in which initializers need not be inputs. */
const OLDEST_IR_VERSION = 4n
/** The oldest opset to which a model is brought: from here on scales may differ along an axis. */
const OLDEST_UPGRADE = 13

/**
 * Version of ONNX's operators that a file needs with new nodes in it: its own where that will do, or the asked one.
 * @throws ExportError for an asked version that is older than what is needed, or an operator that cannot be brought to a newer one
 */
export function opsetFor(
  model: ModelProto,
  { nodes, initializers }: NewNodes,
  asked: number | undefined,
): number {
  const own = opsetOf(model)
  if (asked !== undefined && !(Number.isInteger(asked) && asked < OLDEST_FORM)) checkOpset(asked)
  const needs = [
    { opset: own, what: 'the model as it was read' },
    ...nodes.flatMap(({ opType, domain, attribute }) => {
      if (domain !== '') return []
      const hasAxis = /quantizelinear$/i.test(opType) && attribute.some(({ name }) => name === 'axis')
      return [{ opset: hasAxis ? OLDEST_UPGRADE : (FORMS[opType] ?? OLDEST_FORM), what: opType }]
    }),
    ...needsOf(nodes, initializers),
  ]
  const needed = needs.reduce((max, { opset }) => Math.max(max, opset), 0)
  if (asked !== undefined && asked < needed) {
    const newer = needs.filter(({ opset }) => opset > asked)
    const list = [...new Set(newer.map(({ what, opset }) => `${what} (${opset})`))]
    throw new ExportError(
      `Cannot write a model as ONNX of opset ${asked}: expected what it has, got ${list.join(', ')}\nHint: ask for opset ${needed}, or for none`,
      [],
    )
  }
  const opset = asked ?? (needed === own ? own : Math.max(needed, OLDEST_UPGRADE))
  const kept = graphOf(model).node.filter(
    ({ domain, opType }) => domain === '' && opType === 'GroupNormalization',
  )
  if (own < NEW_GROUP_NORM && opset >= NEW_GROUP_NORM && kept.length > 0)
    throw new ExportError(
      `Cannot write a model as ONNX of opset ${opset}: expected operators that can be brought there, got GroupNormalization of opset ${own}\n` +
        `Hint: quantize without blocks and four bits, so that opset ${own} will do, or name the inputs anew, which makes a new model`,
      [],
    )
  return opset
}

/** Declares the operators of a model, and the version of the file format that comes with them. */
export function declareVersions(model: ModelProto, opset: number, { nodes }: NewNodes): void {
  for (const entry of model.opsetImport)
    if (entry.domain === '' || entry.domain === 'ai.onnx') entry.version = BigInt(opset)
  const known = new Set(model.opsetImport.map(({ domain }) => domain))
  for (const { domain } of nodes) {
    if (domain === '' || known.has(domain)) continue
    known.add(domain)
    model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain, version: 1n }))
  }
  const needed = IR_VERSIONS.get(opset) ?? OLDEST_IR_VERSION
  if (model.irVersion < needed) model.irVersion = needed
}
