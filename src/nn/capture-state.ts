import { recorder } from '../engine/recorder.ts'
import type { GraphInput } from '../ir/graph.ts'
import { Value } from '../ir/node.ts'
import { namedStates } from './model-layout.ts'
import type { AnyModule } from './module.ts'
import type { Buffer, Parameter } from './parameter.ts'

/** The parameters and buffers of a model, with what stands in for them. */
export interface CapturedState {
  /** One for each path: a tied parameter has several, and is read under the last. */
  readonly inputs: readonly GraphInput[]
  readonly members: readonly (readonly [string, Parameter | Buffer])[]
  readonly standIns: ReadonlyMap<Parameter | Buffer, Value>
}

/** Makes what stands in for the state of a model. */
export function captureState(model: AnyModule): CapturedState {
  const inputs: GraphInput[] = []
  const members = namedStates(model)
  const standIns = new Map<Parameter | Buffer, Value>()
  for (const [name, tensor] of members) {
    const value = new Value(tensor.value)
    inputs.push({ value, name, kind: 'state' })
    standIns.set(tensor, value)
  }
  return { inputs, members, standIns }
}

/** Runs a recording with the state of the model replaced by what stands in for it, and puts everything back. Gives what each state holds at the end, by what stands in for it. */
export function capturing<T>(
  { standIns }: CapturedState,
  body: () => T,
): { result: T; finals: ReadonlyMap<Value, Value> } {
  const before = [...standIns.keys()].map((tensor) => [tensor, tensor.value] as const)
  const [pending, inside] = [new Set(recorder.pending), new Set(recorder.inside)]
  const { capturing: nested, training } = recorder
  recorder.capturing = true
  recorder.enter()
  for (const [tensor, value] of standIns) tensor.rebase(value)
  try {
    const result = body()
    return { result, finals: new Map([...standIns].map(([tensor, value]) => [value, tensor.value])) }
  } finally {
    for (const [tensor, value] of before) tensor.rebase(value)
    recorder.leave()
    recorder.capturing = nested
    recorder.training = training
    refill(recorder.pending, pending)
    refill(recorder.inside, inside)
  }
}

function refill<T>(set: Set<T>, content: ReadonlySet<T>): void {
  set.clear()
  for (const entry of content) set.add(entry)
}
