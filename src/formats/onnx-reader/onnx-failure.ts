import { FormatError } from '../../codec/format-error.ts'

/** Says what is wrong with a part of an ONNX model. */
export function onnxFailure(subject: string, expected: string, got: string, where?: string): FormatError {
  return new FormatError('ONNX', { subject, expected, got, ...(where === undefined ? {} : { where }) })
}
