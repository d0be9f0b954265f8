import { toBinary } from '@bufbuild/protobuf'
import { type Model, ModelSchema } from './generated/coreml/model_pb.ts'

export { ArrayFeatureType_ArrayDataType } from './generated/coreml/features_pb.ts'
export {
  type ArgumentSchema,
  DataType,
  type OperationSchema as MilOperationSchema,
  ProgramSchema,
  type Value as MilProtoValue,
  type ValueSchema as MilProtoValueSchema,
  type ValueType,
  type ValueTypeSchema,
} from './generated/coreml/mil_pb.ts'
export {
  type FeatureDescriptionSchema,
  type Model as CoreMLModel,
  ModelSchema,
} from './generated/coreml/model_pb.ts'

/** Bytes of a Core ML model, as its file `model.mlmodel` holds them. */
export function encodeCoreMLModel(model: Model): Uint8Array<ArrayBuffer> {
  return toBinary(ModelSchema, model)
}
