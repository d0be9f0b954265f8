import { toBinary } from '@bufbuild/protobuf'
import { type Model, ModelSchema } from './generated/coreml/model_pb.ts'

export {
  ArrayFeatureType_ArrayDataType,
  type FeatureType,
  FeatureTypeSchema,
} from './generated/coreml/features_pb.ts'
export {
  type Argument,
  ArgumentSchema,
  DataType,
  type Dimension,
  DimensionSchema,
  type Operation as MilOperation,
  OperationSchema as MilOperationSchema,
  ProgramSchema,
  type TensorValue,
  type Value as MilProtoValue,
  ValueSchema as MilProtoValueSchema,
  type ValueType,
  ValueTypeSchema,
} from './generated/coreml/mil_pb.ts'
export {
  FeatureDescriptionSchema,
  type Model as CoreMLModel,
  ModelSchema,
} from './generated/coreml/model_pb.ts'

/** Bytes of a Core ML model, as its file `model.mlmodel` holds them. */
export function encodeCoreMLModel(model: Model): Uint8Array<ArrayBuffer> {
  return toBinary(ModelSchema, model)
}
