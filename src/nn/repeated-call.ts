import { storageOf } from '../engine/placement.ts'
import { noGrad, recorder, runOnce } from '../engine/recorder.ts'
import { Tensor } from '../engine/tensor.ts'
import { collectNodes } from '../ir/graph.ts'
import { emit, emitAll, type Node, Value } from '../ir/node.ts'
import { detach } from '../ops/elementwise/detach.ts'
import { captureState, capturing } from './capture-state.ts'
import { ContentVersions } from './content-versions.ts'
import type { AnyModule } from './module.ts'
import { pieceOperation } from './piece-operation.ts'

/**
 * What a call of a module records, as one operation: recording it again takes one node, however many it is composed of. No gradient flows through it.
 * State that follows from other state alone, as the ranges of weights do, is only computed again after that has changed.
 */
export class RepeatedCall {
  readonly #call: Piece
  readonly #settled: Piece | undefined
  #versions: ContentVersions | undefined

  /**
   * Records a call without gradients, and without an effect on the module's state.
   * @param examples what the inputs are like
   */
  constructor(
    module: AnyModule,
    examples: readonly Tensor[],
    call: (inputs: readonly Tensor[]) => readonly Tensor[],
  ) {
    const inputs = examples.map(({ value }) => new Value(value))
    const state = captureState(module)
    const body = () => noGrad(() => call(inputs.map((value) => new Tensor(value))))
    const { result, finals } = capturing(state, body)
    const changed = [...state.standIns].flatMap(([tensor, value]): Update[] => {
      const content = finals.get(value) ?? value
      return content === value ? [] : [{ tensor, standIn: value, content }]
    })
    const varying = dependentsOf([...inputs, ...changed.map(({ standIn }) => standIn)], [...finals.values()])
    const settled = changed.filter(({ content }) => !varying.has(content))
    const results = result.map(({ value }) => value)
    this.#call = new Piece(
      inputs,
      results,
      changed.filter(({ content }) => varying.has(content)),
      state.standIns,
    )
    this.#settled = settled.length > 0 ? new Piece([], [], settled, state.standIns) : undefined
  }

  /** Records the call for inputs of the same types, and brings the state up to date. */
  record(inputs: readonly Tensor[]): readonly Tensor[] {
    if (this.#settled !== undefined && !this.#versions?.areCurrent) this.#settle(this.#settled)
    return this.#call.record(inputs)
  }

  /** A run of its own, so that the runs of all calls are alike. */
  #settle(settled: Piece): void {
    recorder.flush()
    runOnce(() => {
      settled.record([])
      recorder.flush()
    })
    this.#versions = new ContentVersions([...settled.read, ...settled.written])
  }
}

/** New content of a state. */
interface Update {
  readonly tensor: Tensor
  readonly standIn: Value
  readonly content: Value
}

/** A part of what was recorded, as an operation. */
class Piece {
  /** What the operation reads behind its inputs: state, and data that the forward brought along. */
  readonly read: readonly Tensor[]
  /** State that the outputs behind the results are the new content of. */
  readonly written: readonly Tensor[]
  readonly #operation: ReturnType<typeof pieceOperation>
  readonly #results: number

  constructor(
    inputs: readonly Value[],
    results: readonly Value[],
    updates: readonly Update[],
    standIns: ReadonlyMap<Tensor, Value>,
  ) {
    const outputs = ownValues([...results, ...updates.map(({ content }) => content)])
    const nodes = collectNodes(outputs, isStored)
    const leaves = leavesOf(nodes)
    const states = [...standIns].filter(([, value]) => leaves.has(value))
    const given = [...inputs, ...states.map(([, value]) => value)]
    for (const value of given) leaves.delete(value)
    this.read = [...states.map(([tensor]) => tensor), ...Array.from(leaves, (value) => new Tensor(value))]
    this.written = updates.map(({ tensor }) => tensor)
    this.#operation = pieceOperation(given, nodes, outputs)
    this.#results = results.length
  }

  record(inputs: readonly Tensor[]): readonly Tensor[] {
    const given = [...inputs, ...this.read].map(({ value }) => value)
    const outputs = emitAll(this.#operation.op, given, this.#operation.attrs)
    this.written.forEach((tensor, i) => {
      const content = outputs[this.#results + i]
      if (content !== undefined) tensor.update(content)
    })
    const results = outputs.slice(0, this.#results).map((value) => new Tensor(value))
    for (const tensor of results) recorder.inside.add(tensor)
    return results
  }
}

function isStored(value: Value): boolean {
  return storageOf(value) !== undefined
}

/** Values that nodes compute, each of which stands once: the data behind each is its own. */
function ownValues(values: readonly Value[]): Value[] {
  const seen = new Set<Value>()
  return values.map((value) => {
    const isOwn = value.node !== null && !isStored(value) && !seen.has(value)
    seen.add(value)
    return isOwn ? value : emit(detach, [value], {})
  })
}

/** What follows from some values, those included, on the way to others. */
function dependentsOf(sources: readonly Value[], ends: readonly Value[]): ReadonlySet<Value> {
  const dependents = new Set(sources)
  for (const { inputs, outputs } of collectNodes(ends, isStored))
    if (inputs.some((value) => value !== null && dependents.has(value)))
      for (const value of outputs) dependents.add(value)
  return dependents
}

/** What nodes read and none of them computes. */
function leavesOf(nodes: readonly Node[]): Set<Value> {
  const computed = new Set(nodes.flatMap(({ outputs }) => outputs))
  const read = nodes.flatMap(({ inputs }) => inputs)
  return new Set(read.filter((value): value is Value => value !== null && !computed.has(value)))
}
