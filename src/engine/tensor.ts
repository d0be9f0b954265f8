import { gradients } from '../autograd/gradients.ts'
import type { Attributes } from '../ir/attributes.ts'
import { isConcrete } from '../ir/dim.ts'
import { nextWalk } from '../ir/graph.ts'
import { emit, formatType, Node, typesEqual, type Value } from '../ir/node.ts'
import type { Operation } from '../ir/operation.ts'
import { full } from '../ops/creation/full.ts'
import { add } from '../ops/elementwise/add.ts'
import { detach } from '../ops/elementwise/detach.ts'
import { type DType, isFloating } from '../tensor/dtype.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { sizeOf } from '../tensor/shape.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import { toFloat32 } from '../tensor/to-float32.ts'
import { toTypedArray } from '../tensor/to-typed-array.ts'
import type { TypedArray } from '../tensor/typed-array.ts'
import { leafOf, storageOf } from './placement.ts'
import { missingData } from './program.ts'
import { recorder } from './recorder.ts'
import { StateError } from './state-error.ts'
import { Storage } from './storage.ts'
import type { TensorCall } from './tensor-call.ts'
import { TensorOperations } from './tensor-operations.ts'

const leaves = new WeakMap<Value, Tensor>()

/**
 * A lazy tensor: host data, the result of a run, or a value that is recorded and will be computed when somebody asks. Operations on
 * tensors record and return at once; reading (`item`, `data`, `realize`) is asynchronous.
 */
export class Tensor extends TensorOperations {
  #value: Value
  #requiresGrad: boolean
  #version = 0
  /** Gradient that `backward` left for a leaf, null before. */
  grad: Tensor | null = null

  constructor(value: Value, requiresGrad = false) {
    super()
    this.#value = value
    this.#requiresGrad = requiresGrad
    if (requiresGrad && value.node === null) leaves.set(value, this)
  }

  /** The tensor's current place in the recorded graph. */
  get value(): Value {
    return this.#value
  }

  /** Counts how often the content was replaced: by assignment, by operations in place, by updates. */
  get version(): number {
    return this.#version
  }

  /** Sizes, outermost dimension first. @throws StateError during a capture, for a symbolic size */
  get shape(): readonly number[] {
    const { shape } = this.#value
    if (isConcrete(shape)) return shape
    throw new StateError(
      `Cannot read the shape of a captured tensor: expected numbers, got ${formatType(this.#value)}\nHint: use dims`,
    )
  }

  /** Type of the elements. */
  get dtype(): DType {
    return this.#value.dtype
  }

  /** Whether gradients flow to this tensor or through it. */
  get requiresGrad(): boolean {
    return this.#requiresGrad
  }

  /** @throws TypeError for a dtype without gradients */
  set requiresGrad(wanted: boolean) {
    if (wanted && !isFloating(this.dtype)) {
      throw new TypeError(`Cannot require a gradient: expected a floating dtype, got ${this.dtype}`)
    }
    this.#requiresGrad = wanted
    if (wanted && (this.#value.node === null || recorder.assigned.has(this))) leaves.set(this.#value, this)
  }

  /** Moves the tensor to another value of the graph that has the same content. The recorder's, not for users. */
  rebase(value: Value): void {
    this.#value = value
    if (this.#requiresGrad && value.node === null) leaves.set(value, this)
  }

  /**
   * Replaces the content in place: what is recorded from now on sees the new one. The tensor has to be a leaf: a parameter or a buffer.
   * @throws ShapeError when the types differ
   */
  assign(content: Tensor): void {
    // A value of its own, so that the data of this tensor can be replaced later without regard to who else has the content.
    this.update(recorder.capturing ? content.value : emit(detach, [content.value], {}))
  }

  /**
   * Makes a value that is nobody else's the tensor's content. The recorder's, not for users.
   * @throws ShapeError when the types differ
   */
  update(value: Value): void {
    if (!typesEqual(this.#value, value)) {
      throw new ShapeError(
        `Cannot assign to a tensor: expected ${formatType(this.#value)}, got ${formatType(value)}`,
      )
    }
    const before = storageOf(this.#value)
    if (before !== undefined && !recorder.assigned.has(this)) recorder.assigned.set(this, before)
    this.#value = value
    this.#version++
    if (this.#requiresGrad) leaves.set(value, this)
  }

  /** Waits for the value, and returns the tensor. Its data stays where the runs happen. */
  async realize(): Promise<this> {
    const storage = this.#dispatched()
    if (storage.host === undefined) {
      await recorder.device.ready
      await storage.delivered
    }
    if (storage.failure !== undefined) throw unreadable(storage.failure)
    return this
  }

  /** Waits for the value, and returns its data. */
  async array(): Promise<HostArray> {
    const storage = this.#dispatched()
    if (storage.host !== undefined) return storage.host
    await recorder.device.ready
    try {
      return await recorder.device.read(storage)
    } catch (error) {
      throw unreadable(storage.failure ?? error)
    }
  }

  /** Waits for the value, and returns its elements in row-major order, as `toTypedArray` gives them. */
  async data(): Promise<TypedArray> {
    return toTypedArray(await this.array())
  }

  /**
   * Waits for the value of a tensor with one element.
   * @throws ShapeError when it has more or fewer
   */
  async item(): Promise<number> {
    if (sizeOf(this.shape) !== 1) {
      throw new ShapeError(
        `Cannot read a tensor as a number: expected one element, got ${formatType(this.#value)}`,
      )
    }
    const array = await this.array()
    const [first = Number.NaN] = isFloating(array.dtype) ? toFloat32(array) : toTypedArray(array)
    return Number(first)
  }

  /** The same values, cut off from gradients. */
  detach(): Tensor {
    return record(detach, [this], {})
  }

  /**
   * Records the gradients of this tensor with respect to every leaf that requires one, and adds them to the leaves' `grad`.
   * @param seed gradient of this tensor; default 1 for a tensor with one element
   * @throws StateError when no gradient flows to this tensor
   */
  backward(seed?: Tensor): void {
    if (!this.#requiresGrad) {
      throw new StateError(
        'Cannot run backward: expected a tensor that requires a gradient, got one that does not',
      )
    }
    if (seed === undefined && sizeOf(this.shape) !== 1) {
      throw new ShapeError(
        `Cannot run backward: expected a seed for more than one element, got none for ${formatType(this.#value)}`,
      )
    }
    const start = seed?.value ?? emit(full, [], { size: this.shape, fillValue: 1, dtype: this.dtype })
    const reached = leavesOf(this.#value)
    recorder.training = true
    for (const [value, gradient] of gradients(this.#value, start, new Set(reached.keys()))) {
      const leaf = reached.get(value)
      if (leaf === undefined) continue
      const total = leaf.grad === null ? gradient : emit(add, [leaf.grad.value, gradient], { alpha: 1 })
      leaf.grad = new Tensor(total)
      recorder.differentiated.add(leaf)
    }
  }

  protected override record<A extends Attributes>(
    op: Operation<A>,
    others: readonly (Tensor | null)[],
    attrs: A,
  ): Tensor {
    return record(op, [this, ...others], attrs)
  }

  protected override recordAll<A extends Attributes>(
    op: Operation<A>,
    others: readonly (Tensor | null)[],
    attrs: A,
  ): Tensor[] {
    return recordAll(op, [this, ...others], attrs)
  }

  protected override recordInPlace<A extends Attributes>(
    op: Operation<A>,
    others: readonly (Tensor | null)[],
    attrs: A,
  ): Tensor {
    const inputs = [this, ...others]
    const [changed = this] = intercept({ name: op.name, inputs, attrs, isInPlace: true }, (given) => {
      const [target = this] = given
      const [result] = apply(op, given, attrs)
      if (target !== null && result !== undefined) target.become(result)
      return target === null ? [] : [target]
    })
    return changed
  }

  /** Whether the content belongs to a module's state, which changes only by assignment. */
  protected get isState(): boolean {
    return false
  }

  /**
   * Takes over the value of a result: what an operation in place does. Other tensors never share the content, so that views stay what they were.
   * @throws ShapeError when the types differ; StateError for a leaf whose gradient is recorded
   */
  become(result: Tensor): void {
    if (!typesEqual(this.#value, result.value)) {
      throw new ShapeError(
        `Cannot change a tensor in place: expected ${formatType(this.#value)}, got ${formatType(result.value)}`,
      )
    }
    if (this.#requiresGrad && recorder.noGradDepth === 0 && leaves.get(this.#value) === this) {
      throw new StateError(
        'Cannot change a tensor in place: expected one that is computed or needs no gradient, got a leaf that requires one\n' +
          'Hint: noGrad(() => ...) changes parameters',
      )
    }
    if (this.isState) {
      this.assign(result)
      return
    }
    this.#value = result.value
    this.#version++
    this.#requiresGrad = result.requiresGrad
    if (recorder.pending.delete(result)) recorder.pending.add(this)
    if (recorder.inside.delete(result)) recorder.inside.add(this)
  }

  #dispatched(): Storage {
    if (storageOf(this.#value) === undefined) {
      if (recorder.capturing) {
        throw new StateError(
          `Cannot read the result of "${this.#value.node?.origin ?? 'an input'}" during a capture: expected a forward that only records, got one that asks for a value\n` +
            'Hint: a model that decides by values runs in eager mode (ExecutionMode.EAGER)',
        )
      }
      recorder.pending.add(this)
      for (const tensor of recorder.inside) recorder.pending.add(tensor)
      recorder.inside.clear()
      recorder.flush()
    }
    const storage = storageOf(this.#value)
    if (storage === undefined) throw missingData(this.#value)
    if (storage.lost !== undefined)
      throw new StateError(`Cannot read ${formatType(this.#value)}: ${storage.lost}`)
    return storage
  }
}

/** Records an operation on tensors and returns its outputs. State that the operation updates is assigned. */
export function recordAll<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (Tensor | null)[],
  attrs: A,
): Tensor[] {
  if (recorder.interceptor === undefined) return apply(op, inputs, attrs)
  return intercept({ name: op.name, inputs, attrs, isInPlace: false }, (given) => apply(op, given, attrs))
}

function intercept(call: TensorCall, proceed: (inputs: readonly (Tensor | null)[]) => Tensor[]): Tensor[] {
  const { interceptor } = recorder
  if (interceptor === undefined) return proceed(call.inputs)
  return recorder.unintercepted(() => interceptor(call, proceed))
}

function apply<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (Tensor | null)[],
  attrs: A,
): Tensor[] {
  const node = new Node(
    op,
    inputs.map((input) => input?.value ?? null),
    attrs,
  )
  const flows =
    recorder.noGradDepth === 0 && op.gradient !== 'none' && inputs.some((input) => input?.requiresGrad)
  node.differentiable = flows
  const updates = op.updates?.(attrs) ?? []
  const outputs = node.outputs.map((value) => {
    const tensor = new Tensor(value, flows && isFloating(value.dtype))
    if (!updates.some(({ output }) => output === value.index))
      (recorder.depth > 0 ? recorder.inside : recorder.pending).add(tensor)
    return tensor
  })
  for (const { input, output } of updates) {
    const content = node.outputs[output]
    if (content !== undefined) inputs[input]?.update(content)
  }
  return outputs
}

/** Records an operation on tensors and returns its first output. */
export function record<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (Tensor | null)[],
  attrs: A,
): Tensor {
  const [first] = recordAll(op, inputs, attrs)
  if (first === undefined)
    throw new StateError(`Cannot record "${op.name}": expected an output, got none (a bug in lowbit)`)
  return first
}

/** Records several operations as one: only the result can be read by a later dispatch. */
export function composite<T>(body: () => T): T {
  recorder.enter()
  let isOutermost = false
  let result: T
  try {
    result = recorder.unintercepted(body)
  } finally {
    isOutermost = recorder.leave()
  }
  if (isOutermost) for (const tensor of tensorsIn(result)) recorder.pending.add(tensor)
  return result
}

/** A tensor of host data. */
export function fromHost(array: HostArray): Tensor {
  return new Tensor(leafOf(new Storage(array.dtype, array.shape, array)))
}

/** The tensors in a result: itself, or the entries of arrays and plain objects, to any depth. */
export function* tensorsIn(result: unknown): Generator<Tensor> {
  if (result instanceof Tensor) yield result
  else if (Array.isArray(result)) for (const entry of result) yield* tensorsIn(entry)
  else if (
    result !== null &&
    typeof result === 'object' &&
    Object.getPrototypeOf(result) === Object.prototype
  ) {
    for (const entry of Object.values(result)) yield* tensorsIn(entry)
  }
}

function leavesOf(output: Value): Map<Value, Tensor> {
  const walk = nextWalk()
  const found = new Map<Value, Tensor>()
  const stack = [output]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    const leaf = leaves.get(value)
    if (leaf?.requiresGrad) found.set(value, leaf)
    const { node } = value
    if (node === null || node.walk === walk) continue
    node.walk = walk
    for (const input of node.inputs) if (input !== null) stack.push(input)
  }
  return found
}

function unreadable(cause: unknown): StateError {
  recorder.reported(cause)
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new StateError(`Cannot read a tensor: the run that was to compute it failed\n${reason}`, { cause })
}
