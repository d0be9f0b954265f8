import { create } from '@bufbuild/protobuf'
import {
  encodeModel,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  ValueInfoProtoSchema,
} from '../../../codec/onnx.ts'
import type { Dim } from '../../../ir/dim.ts'
import type { DType } from '../../../tensor/dtype.ts'
import { dtypes } from '../../../tensor/dtype.ts'
import type { KnownTypes } from '../import-graph.ts'
import { graphOf } from '../read-model.ts'
import type { Sizes } from '../sizes.ts'

/**
 * Types of all values of a model, as ONNX Runtime infers them: it knows its own operators besides ONNX's. Sizes that it gives no name to are left
 * out with their values. Nothing is run. Empty where there is no runtime that can load the model.
 */
export async function inferTypes(model: ModelProto, sizes: Sizes): Promise<KnownTypes> {
  const graph = graphOf(model)
  const outputs = new Set(graph.output.map(({ name }) => name))
  const extra = graph.node.flatMap(({ output }) => output).filter((name) => name !== '' && !outputs.has(name))
  const asked = create(ModelProtoSchema, {
    ...model,
    graph: create(GraphProtoSchema, {
      ...graph,
      output: [...graph.output, ...extra.map((name) => create(ValueInfoProtoSchema, { name }))],
    }),
  })
  try {
    const { InferenceSession } = await import('onnxruntime-node')
    const session = await InferenceSession.create(encodeModel(asked), {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    })
    const types = new Map(session.outputMetadata.flatMap((entry) => typeOf(entry, sizes)))
    await session.release()
    return types
  } catch {
    return new Map()
  }
}

interface Metadata {
  readonly name: string
  readonly isTensor: boolean
  readonly type?: string
  readonly shape?: readonly (number | string)[]
}

function typeOf(
  { name, isTensor, type, shape }: Metadata,
  sizes: Sizes,
): [string, { shape: Dim[]; dtype: DType }][] {
  const dtype = dtypes.find((dtype) => dtype === type)
  if (!isTensor || dtype === undefined || shape === undefined) return []
  const dims = shape.map((size) =>
    typeof size === 'number' ? size : size === '' ? undefined : sizes.named(size),
  )
  const known = dims.filter((dim): dim is Dim => dim !== undefined && !(typeof dim === 'number' && dim < 0))
  return known.length === dims.length ? [[name, { shape: known, dtype }]] : []
}
