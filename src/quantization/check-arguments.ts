import { Tensor } from '../engine/tensor.ts'
import { Module } from '../nn/module.ts'
import type { Pattern } from './graph/patterns.ts'

// What JavaScript lets through where TypeScript would not.

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
