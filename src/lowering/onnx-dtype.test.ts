import { expect, test } from 'vitest'
import { TensorProto_DataType as OnnxType } from '../codec/onnx.ts'
import { carrierOf, onnxType } from './onnx-dtype.ts'

test('onnxType() knows ONNX by its numbers', () => {
  expect([onnxType('float32'), onnxType('int4'), onnxType('float8_e8m0fnu')]).toEqual([
    OnnxType.FLOAT,
    OnnxType.INT4,
    OnnxType.FLOAT8E8M0,
  ])
})

test('carrierOf() carries floats as float32 and what is below eight bits as bytes', () => {
  expect(carrierOf('bfloat16')).toBe('float32')
  expect(carrierOf('float4_e2m1fn_x2')).toBe('float32')
  expect(carrierOf('int2')).toBe('int8')
  expect(carrierOf('uint4')).toBe('uint8')
  expect(carrierOf('bool')).toBe('bool')
})
