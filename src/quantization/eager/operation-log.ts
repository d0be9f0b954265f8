import { Tensor } from '../../engine/tensor.ts'
import type { TensorCall } from '../../engine/tensor-call.ts'
import { isFloating } from '../../tensor/dtype.ts'
import type { StateSpecTable } from './state-specs.ts'
import { argumentsOf, type TensorFunction } from './tensor-functions.ts'
import type { TensorNumbers } from './tensor-numbers.ts'

/** A tensor that an operation reads. */
export interface LoggedRead {
  /** Place among the inputs of the operation. */
  readonly place: number
  /** Place in the signature, by which specs know it. */
  readonly position: number
  /** What it is: the operation or input of the model that it comes from, or the path of a state. */
  readonly source: string
  readonly isState: boolean
  readonly isFloating: boolean
}

/** A call of a function in the one forward that was recorded. */
export interface LoggedOperation {
  /** Name as `op_name_config` knows it. */
  readonly name: string
  readonly type: string
  readonly isQuantizable: boolean
  /** Path of the module that makes the call. */
  readonly module: string
  /** Base name of the function, and how many calls of it the module made before. */
  readonly function: string
  readonly count: number
  readonly reads: readonly LoggedRead[]
  /** Whether its first result has floats. */
  readonly isFloating: boolean
}

/** Writes down all that a forward calls, with where tensors come from, by names. */
export class OperationLog {
  readonly operations: LoggedOperation[] = []
  readonly #states: StateSpecTable
  readonly #numbers: TensorNumbers
  /** Where tensors come from, by number. */
  readonly #sources = new Map<number, string>()
  readonly #counts = new Map<string, number>()

  constructor(states: StateSpecTable, numbers: TensorNumbers) {
    this.#states = states
    this.#numbers = numbers
  }

  /** The forward of the model begins. */
  begin(inputs: readonly unknown[]): void {
    this.#numbers.in(inputs).forEach((number, i) => {
      if (number !== undefined) this.#sources.set(number, i === 0 ? 'input' : `input_${i}`)
    })
  }

  /** A module that was called before has been called again: what it does is not written down again. */
  repeated(path: string, output: unknown): void {
    for (const number of this.#numbers.in([output]))
      if (number !== undefined) this.#sources.set(number, `${path} (again)`)
  }

  /** A function is called. Returns what takes down its results. */
  call(module: string, fn: TensorFunction, { inputs }: TensorCall): (outputs: readonly Tensor[]) => void {
    const reads = argumentsOf(fn, inputs.length).flatMap(({ input }, position): LoggedRead[] => {
      const tensor = inputs[input] ?? null
      if (tensor === null) return []
      if (!(tensor instanceof Tensor))
        throw new TypeError(
          `Cannot call "${fn.name}"${module === '' ? '' : ` in module "${module}"`}: expected a tensor as input ${position}, got ${typeof tensor}`,
        )
      const state = this.#states.nameOf(tensor)
      const source = state ?? this.#sources.get(this.#numbers.of(tensor)) ?? 'constant'
      const isState = state !== undefined
      return [{ place: input, position, source, isState, isFloating: isFloating(tensor.dtype) }]
    })
    const base = module === '' ? fn.name : `${module}.${fn.name}`
    const count = this.#counts.get(base) ?? 0
    this.#counts.set(base, count + 1)
    const name = count === 0 ? base : `${base}_${count}`
    return (outputs) => {
      const [first] = outputs
      outputs.forEach((tensor, i) => {
        this.#sources.set(this.#numbers.of(tensor), i === 0 ? name : `${name}#${i}`)
      })
      this.operations.push({
        name,
        type: fn.type ?? fn.name,
        isQuantizable: fn.type !== null,
        module,
        function: fn.name,
        count,
        reads,
        isFloating: first !== undefined && isFloating(first.dtype),
      })
    }
  }
}
