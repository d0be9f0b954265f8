import { type Dims, dimsEqual, isConcrete } from '../../ir/dim.ts'
import type { MilArgument, MilArguments, MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { castArray } from '../../tensor/cast-array.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { type ComputePrecision, castName, type MilDType, milDType } from './mil-dtype.ts'
import { type Literal, type Program, type ProgramOperation, ProgramValue } from './program.ts'
import type { ProgramNames } from './program-names.ts'
import { Refused } from './refused.ts'
import { type CompressedWeight, reorderedRows } from './weights.ts'

/** What a constant is made of. */
type Source = { readonly array: HostArray } | { readonly weight: CompressedWeight }

/** Collects the operations of one ML program. One object for the whole graph, pointed at one node after the other. */
export class ProgramBuilder implements MilEmitter {
  inputs: readonly (MilValue | null)[] = []
  readonly #precision: ComputePrecision
  readonly #names: ProgramNames
  readonly #operations: ProgramOperation[] = []
  readonly #sources = new Map<MilValue, Source>()
  readonly #literals = new Map<string, ProgramValue>()
  #node: Node | undefined

  constructor(precision: ComputePrecision, names: ProgramNames) {
    this.#precision = precision
    this.#names = names
  }

  /**
   * Writes a node, given its inputs.
   * @param write how, if not as its operation says
   * @returns its outputs; undefined where MIL has nothing like it
   */
  write(
    node: Node,
    inputs: readonly (MilValue | null)[],
    write?: (emitter: MilEmitter) => readonly MilValue[],
  ): readonly MilValue[] | undefined {
    this.#node = node
    this.inputs = inputs
    return write === undefined ? node.op.mil?.(this, node) : write(this)
  }

  /** An input of the program, which is not yet in the program's own dtype. */
  declare(name: string, { shape, dtype }: TensorType, type: MilDType): ProgramValue {
    return this.#value(name, { shape, dtype }, type, false)
  }

  /** A parameter or buffer. */
  state(name: string, array: HostArray): MilValue {
    const value = this.#literal(name, this.#narrowed(array))
    this.#sources.set(value, { array })
    return value
  }

  /** A quantized parameter or buffer. */
  weight(name: string, weight: CompressedWeight): MilValue {
    const { data, scale, offset } = weight
    const output = this.#value(name, { shape: data.shape, dtype: 'float32' }, this.#precision, false)
    const narrowed = this.#narrowed(scale)
    this.#operations.push({ kind: 'weight', output, data, scale: narrowed, offset })
    this.#sources.set(output, { weight })
    return output
  }

  /** The program; `outputs` take these names. */
  finish(
    inputs: readonly ProgramValue[],
    outputs: readonly (readonly [name: string, value: MilValue])[],
  ): Program {
    const given = new Set<ProgramValue>()
    const results = outputs.map(([name, value]) => {
      const result = this.#asOutput(value, given)
      given.add(result)
      result.name = name
      return result
    })
    return { inputs, operations: this.#readOperations(), outputs: results }
  }

  /** The operations without constants that nothing reads: a layer may read them in another form. */
  #readOperations(): ProgramOperation[] {
    const read = new Set(
      this.#operations.flatMap((operation) =>
        operation.kind === 'call' ? Object.values(operation.args).flat() : [],
      ),
    )
    return this.#operations.filter((operation) => operation.kind === 'call' || read.has(operation.output))
  }

  input(index: number): MilValue {
    const value = this.inputs[index]
    if (value) return value
    throw new RangeError(
      `Cannot write "${this.#node?.name}": expected a tensor as input ${index}, got none (a bug in lowbit)`,
    )
  }

  isConstant(value: MilValue): boolean {
    return this.#sources.has(value)
  }

  content(constant: MilValue): HostArray {
    const source = this.#sources.get(constant)
    if (source !== undefined && 'array' in source) return source.array
    return this.refuse('a constant that is not quantized', `"${constant.name}"`)
  }

  reorderRows(constant: MilValue, order: readonly number[]): MilValue {
    const source = this.#sources.get(constant)
    if (source === undefined) return this.refuse('a constant weight', `the computed "${constant.name}"`)
    if ('array' in source) return this.state(constant.name, reorderedRows(source.array, order))
    const { data, scale, offset } = source.weight
    const ordered = (array: HostArray) => (array.shape[0] === 1 ? array : reorderedRows(array, order))
    if (scale.shape[0] !== 1 && scale.shape[0] !== data.shape[0])
      return this.refuse(
        'a scale for each row of a recurrent weight, or one',
        `blocks of rows of "${constant.name}"`,
      )
    const weight = { data: reorderedRows(data, order), scale: ordered(scale), offset: ordered(offset) }
    return this.weight(constant.name, weight)
  }

  op(type: string, args: MilArguments, result: Partial<TensorType> = {}): MilValue {
    const { shape = [], dtype = 'float32' } = this.#node?.outputs[0] ?? {}
    const [value] = this.ops(type, args, [{ shape, dtype, ...result }])
    return value ?? this.input(0)
  }

  ops(type: string, args: MilArguments, results: readonly TensorType[]): MilValue[] {
    const bound = Object.entries(args).flatMap(([key, value]) =>
      value === null || value === undefined ? [] : [[key, this.#bind(value)] as const],
    )
    const outputs = results.map((result) =>
      this.#value(this.#node?.name || type, result, this.#milDType(result.dtype), true),
    )
    this.#operations.push({ kind: 'call', type, args: Object.fromEntries(bound), outputs })
    return outputs
  }

  constant(array: HostArray): MilValue {
    return this.#shared(this.#narrowed(array))
  }

  scalar(value: number, dtype: DType): MilValue {
    return this.#shared(fromValues(this.#milDType(dtype), [], [value]))
  }

  reshape(value: MilValue, shape: Dims): MilValue {
    if (shape.length === value.shape.length && shape.every((dim, i) => dimsEqual(dim, value.shape[i] ?? -1)))
      return value
    const source = this.#sources.get(value)
    if (source !== undefined && 'array' in source && isConcrete(shape))
      return this.constant(new HostArray(source.array.dtype, shape, source.array.bytes))
    const ones = addedOnes(value.shape, shape) ?? addedOnes(shape, value.shape)
    if (ones !== undefined) {
      const type = shape.length > value.shape.length ? 'expand_dims' : 'squeeze'
      return this.op(type, { x: value, axes: ones }, { shape, dtype: value.dtype })
    }
    const open = shape.filter((dim) => typeof dim !== 'number')
    if (open.length > 1)
      return this.refuse(
        'at most one size that varies in a reshape',
        `${open.length} in [${shape.join(', ')}]`,
      )
    const sizes = shape.map((dim) => (typeof dim === 'number' ? dim : -1))
    return this.op('reshape', { x: value, shape: sizes }, { shape, dtype: value.dtype })
  }

  cast(value: MilValue, dtype: DType): MilValue {
    return this.converted(value, this.#milDType(dtype))
  }

  /** A value in a dtype of programs, which need not be the one of the program's own floats. */
  converted(value: MilValue, target: MilDType): MilValue {
    const current = value instanceof ProgramValue ? value.milDType : this.#milDType(value.dtype)
    if (current === target) return value
    const args = { x: this.#bind(value), dtype: this.#bind(castName(target)) }
    const output = this.#value(`${value.name}_cast`, { shape: value.shape, dtype: target }, target, true)
    this.#operations.push({ kind: 'call', type: 'cast', args, outputs: [output] })
    return output
  }

  refuse(expected: string, got: string): never {
    throw new Refused(`expected ${expected}, got ${got}`)
  }

  #asOutput(value: MilValue, given: ReadonlySet<ProgramValue>): ProgramValue {
    if (value instanceof ProgramValue && value.isComputed && !given.has(value)) return value
    const [source] = this.#bind(value)
    const output = this.#value('copy', value, source?.milDType ?? this.#precision, true)
    this.#operations.push({
      kind: 'call',
      type: 'identity',
      args: { x: this.#bind(value) },
      outputs: [output],
    })
    return output
  }

  #bind(argument: MilArgument): ProgramValue[] {
    if (argument instanceof ProgramValue) return [argument]
    if (isValues(argument)) return argument.filter((value) => value instanceof ProgramValue)
    return [this.#shared(literalOf(argument, this.#precision))]
  }

  /** A constant that stands once for all that read it. */
  #shared(literal: Literal): ProgramValue {
    const key = typeof literal === 'string' ? `"${literal}` : keyOf(literal)
    const known = key === undefined ? undefined : this.#literals.get(key)
    if (known !== undefined) return known
    const value = this.#literal('const', literal)
    if (key !== undefined) this.#literals.set(key, value)
    this.#sources.set(
      value,
      typeof literal === 'string' ? { array: fromValues('int8', [0], []) } : { array: literal },
    )
    return value
  }

  #literal(name: string, literal: Literal): ProgramValue {
    const type = typeof literal === 'string' ? { shape: [], dtype: 'int8' as const } : literal
    const dtype = typeof literal === 'string' ? 'string' : this.#milDType(literal.dtype)
    const output = this.#value(name, type, dtype, false)
    this.#operations.push({ kind: 'constant', output, literal })
    return output
  }

  #value(
    name: string,
    { shape, dtype }: TensorType,
    type: MilDType | 'string',
    isComputed: boolean,
  ): ProgramValue {
    return new ProgramValue(this.#names.fresh(name), { shape, dtype, milDType: type }, isComputed)
  }

  /** Elements as the program holds them. */
  #narrowed(array: HostArray): HostArray {
    const dtype = this.#milDType(array.dtype)
    return array.dtype === dtype ? array : castArray(array, dtype)
  }

  #milDType(dtype: DType): MilDType {
    return milDType(dtype, this.#precision) ?? this.refuse('a dtype that Core ML computes in', dtype)
  }
}

/** Which dimensions of the second shape are of size 1 and those that the first one lacks; undefined where there is more to it, or nothing. */
function addedOnes(from: Dims, to: Dims): number[] | undefined {
  const axes: number[] = []
  let at = 0
  for (const [axis, dim] of to.entries()) {
    const known = from[at]
    if (known !== undefined && dimsEqual(known, dim)) at++
    else if (dim === 1) axes.push(axis)
    else return undefined
  }
  return at === from.length && axes.length > 0 ? axes : undefined
}

function isValues(argument: MilArgument): argument is readonly MilValue[] {
  return Array.isArray(argument) && argument[0] instanceof ProgramValue
}

/** A constant argument. @throws RangeError for a value of another program */
function literalOf(argument: MilArgument, precision: ComputePrecision): Literal {
  if (typeof argument === 'string') return argument
  if (typeof argument === 'number') return fromValues('int32', [], [argument])
  if (typeof argument === 'boolean') return fromValues('bool', [], [Number(argument)])
  if (isNumbers(argument)) {
    const dtype = typeof argument[0] === 'boolean' ? 'bool' : 'int32'
    return fromValues(dtype, [argument.length], argument.map(Number))
  }
  if ('float' in argument) return fromValues(precision, [], [argument.float])
  throw new RangeError('Cannot write an argument: expected a value of this program (a bug in lowbit)')
}

function isNumbers(argument: MilArgument): argument is readonly number[] | readonly boolean[] {
  return Array.isArray(argument)
}

/** Equal for equal small constants; undefined for a large one. */
function keyOf({ dtype, shape, bytes }: HostArray): string | undefined {
  return bytes.byteLength > 256 ? undefined : `${dtype}[${shape.join()}]${String.fromCharCode(...bytes)}`
}
