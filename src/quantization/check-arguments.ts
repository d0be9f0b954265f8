import { Tensor } from '../engine/tensor.ts'
import { type AnyModule, Module } from '../nn/module.ts'
import { QuantizerConfig } from './config/quantizer-config.ts'
import type { Pattern } from './graph/patterns.ts'

// What JavaScript lets through where TypeScript would not.

/** @throws TypeError for what is no module */
export function checkModule(model: unknown, action: string): asserts model is AnyModule {
  if (!(model instanceof Module))
    throw new TypeError(`Cannot ${action} a model: expected a module, got ${describe(model)}`)
}

/** @throws TypeError for what is neither null nor a config */
export function checkConfig(config: unknown): asserts config is QuantizerConfig | null {
  if (config === null || config instanceof QuantizerConfig) return
  throw new TypeError(
    `Cannot quantize a model: expected a QuantizerConfig, got ${describe(config)}\nHint: QuantizerConfig.fromDict reads plain objects`,
  )
}

/** @throws TypeError for what gives no batches */
export function checkBatches(data: unknown): void {
  const isIterable = Symbol.iterator in Object(data) || Symbol.asyncIterator in Object(data)
  if (!isIterable || typeof data === 'string')
    throw new TypeError(`Cannot calibrate: expected an iterable of batches, got ${describe(data)}`)
}

/** @throws TypeError for what is no array, as a single tensor is not */
export function checkInputs(inputs: unknown, action: string): asserts inputs is readonly unknown[] {
  if (Array.isArray(inputs)) return
  throw new TypeError(
    `Cannot ${action} a model: expected an array of example inputs, got ${describe(inputs)}` +
      (inputs instanceof Tensor ? '\nHint: [x] gives one input' : ''),
  )
}

/** @throws TypeError for what are no patterns */
export function checkPatterns(patterns: unknown): asserts patterns is readonly Pattern[] {
  if (!Array.isArray(patterns))
    throw new TypeError(`Cannot quantize with patterns: expected an array of them, got ${describe(patterns)}`)
  for (const [i, pattern] of patterns.entries()) {
    const { name, steps }: Partial<Record<keyof Pattern, unknown>> = Object(pattern)
    const isStep = (step: unknown) => Array.isArray(step) && step.every((type) => typeof type === 'string')
    if (typeof name === 'string' && Array.isArray(steps) && steps.length > 0 && steps.every(isStep)) continue
    throw new TypeError(
      `Cannot quantize with pattern ${i}: expected a name and steps that are lists of types of operations, got ${JSON.stringify(pattern)}`,
    )
  }
}

function describe(value: unknown): string {
  return value === null ? 'null' : Object(value) instanceof Module ? 'a module' : typeof value
}
