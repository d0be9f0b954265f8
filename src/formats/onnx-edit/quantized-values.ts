import type { Node, Value } from '../../ir/node.ts'
import { to } from '../../ops/elementwise/to.ts'
import { dequantize, quantize } from '../../ops/quantization/quantize.ts'

/** The node that dequantizes what a value is, maybe in another dtype; undefined for other values. */
export function dequantizerOf({ node }: Value): Node | undefined {
  const inner = node?.op.name === to.name ? node.inputs[0]?.node : node
  return inner?.op.name === dequantize.name ? inner : undefined
}

/** Whether a value is a quantized parameter or buffer that is dequantized. */
export function isWeight(value: Value): boolean {
  return dequantizerOf(value)?.inputs[0]?.node === null
}

/** What a value was before it was quantized and dequantized, however often; a quantized parameter is its own root. */
export function rootOf(value: Value): Value {
  const quantized = dequantizerOf(value)?.inputs[0]?.node
  const source = quantized?.op.name === quantize.name ? quantized.inputs[0] : undefined
  return source ? rootOf(source) : value
}
