import { PickleCursor } from './pickle-cursor.ts'
import { describePickled, PickleFunction, type PickleValue } from './pickle-value.ts'

/** What a format lets its pickles refer to. */
export interface PickleRules {
  /** The format that errors name. */
  readonly format: string
  /** A function or class by module and name; undefined where the format allows none such. */
  readonly find: (module: string, name: string) => PickleFunction | undefined
  /** What a persistent identifier stands for; undefined where it is none of the format's. */
  readonly load: (id: PickleValue) => PickleValue | undefined
}

/** A pickle's value, and where the pickle ends. */
export interface Unpickled {
  readonly value: PickleValue
  readonly end: number
}

const MAX_MEMO = 10_000_000

/**
 * Reads a pickle of protocols 2 to 5 without executing anything: only functions that the format allows are called, and they are lowbit's own.
 *
 * @param start where in the bytes it begins
 * @throws FormatError with the offset, for everything else
 */
export function unpickle(bytes: Uint8Array, start: number, rules: PickleRules): Unpickled {
  const machine = new Machine(new PickleCursor(bytes, start, rules.format), rules)
  return machine.run()
}

type Instruction = (machine: Machine) => void

class Machine {
  readonly cursor: PickleCursor
  readonly #rules: PickleRules
  readonly #memo = new Map<number, PickleValue>()
  readonly #marks: number[] = []
  readonly #stack: PickleValue[] = []
  /** Where the instruction that runs begins. */
  #instruction = 0

  constructor(cursor: PickleCursor, rules: PickleRules) {
    this.cursor = cursor
    this.#rules = rules
  }

  run(): Unpickled {
    for (;;) {
      this.#instruction = this.cursor.at
      const code = this.cursor.byte()
      if (code === STOP) return { value: this.pop(), end: this.cursor.at }
      const instruction = INSTRUCTIONS.get(code)
      if (instruction === undefined)
        this.fail('an instruction that makes tensors and plain values', `0x${code.toString(16)}`)
      instruction(this)
    }
  }

  push(value: PickleValue): void {
    this.#stack.push(value)
  }

  pop(): PickleValue {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.pop() : undefined
    return value === undefined ? this.fail('a value on the stack', 'none') : value
  }

  top(): PickleValue {
    return this.#stack.at(-1) ?? this.fail('a value on the stack', 'none')
  }

  mark(): void {
    this.#marks.push(this.#stack.length)
  }

  /** The values since the last mark. */
  popMark(): PickleValue[] {
    const mark = this.#marks.pop()
    return mark === undefined ? this.fail('a mark on the stack', 'none') : this.#stack.splice(mark)
  }

  remember(place: number): void {
    if (this.#memo.size >= MAX_MEMO) this.fail(`at most ${MAX_MEMO} remembered values`, 'more')
    this.#memo.set(place, this.top())
  }

  memoize(): void {
    this.remember(this.#memo.size)
  }

  recall(place: number): void {
    const value = this.#memo.get(place)
    this.push(value === undefined ? this.fail('a remembered value', `none in place ${place}`) : value)
  }

  find(module: string, name: string): void {
    const known = this.#rules.find(module, name)
    if (known === undefined) {
      this.cursor.fail(
        'only tensors and plain values',
        `"${module}.${name}"`,
        this.#instruction,
        'save the state dict alone, torch.save(model.state_dict(), path), or as safetensors',
      )
    }
    this.push(known)
  }

  call(): void {
    const args = this.pop()
    const known = this.pop()
    if (!(known instanceof PickleFunction && known.isCallable) || !Array.isArray(args))
      this.fail('a function that may be called, with arguments', describePickled(known))
    try {
      this.push(known.call(args))
    } catch (error) {
      if (error instanceof PickleCallProblem) this.fail(error.expected, error.got)
      throw error
    }
  }

  loadPersistent(): void {
    const id = this.pop()
    const value = this.#rules.load(id)
    this.push(value === undefined ? this.fail('the identifier of a storage', describePickled(id)) : value)
  }

  list(): PickleValue[] {
    const list = this.top()
    return Array.isArray(list) ? list : this.fail('a list', describePickled(list))
  }

  fill(entries: readonly PickleValue[]): void {
    const dictionary = this.top()
    if (!(dictionary instanceof Map)) this.fail('a dictionary', describePickled(dictionary))
    if (entries.length % 2 !== 0) this.fail('a value for every key', `${entries.length} keys and values`)
    for (let i = 0; i < entries.length; i += 2) dictionary.set(entries[i] ?? null, entries[i + 1] ?? null)
  }

  /** Attributes of a dictionary say nothing of its entries. */
  build(): void {
    const state = this.pop()
    if (!(this.top() instanceof Map && state instanceof Map))
      this.fail('attributes of a dictionary', `attributes of ${describePickled(this.top())}`)
  }

  fail(expected: string, got: string): never {
    return this.cursor.fail(expected, got, this.#instruction)
  }
}

/** What a function that a format allows finds wrong with its arguments. */
export class PickleCallProblem {
  readonly expected: string
  readonly got: string

  constructor(expected: string, got: string) {
    this.expected = expected
    this.got = got
  }
}

const STOP = 0x2e

/** The instructions, by their code; names are Python's. */
const INSTRUCTIONS: ReadonlyMap<number, Instruction> = new Map<number, Instruction>([
  [0x80, ({ cursor }) => void cursor.byte()], // PROTO
  [0x95, ({ cursor }) => void cursor.length()], // FRAME
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.cursor.int32())], // BININT
  [0x4b, (m) => m.push(m.cursor.byte())], // BININT1
  [0x4d, (m) => m.push(m.cursor.uint16())], // BININT2
  [0x8a, (m) => m.push(m.cursor.integer(m.cursor.byte()))], // LONG1
  [0x8b, (m) => m.push(m.cursor.integer(m.cursor.uint32()))], // LONG4
  [0x47, (m) => m.push(m.cursor.float64())], // BINFLOAT
  [0x58, (m) => m.push(m.cursor.text(m.cursor.uint32()))], // BINUNICODE
  [0x8c, (m) => m.push(m.cursor.text(m.cursor.byte()))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.cursor.text(m.cursor.length()))], // BINUNICODE8
  [0x55, (m) => m.push(m.cursor.text(m.cursor.byte()))], // SHORT_BINSTRING
  [0x54, (m) => m.push(m.cursor.text(m.cursor.uint32()))], // BINSTRING
  [0x43, (m) => m.push(m.cursor.raw(m.cursor.byte()))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.cursor.raw(m.cursor.uint32()))], // BINBYTES
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x74, (m) => m.push(m.popMark())], // TUPLE
  [0x85, (m) => m.push([m.pop()])], // TUPLE1
  [0x86, (m) => m.push([m.pop(), m.pop()].reverse())], // TUPLE2
  [0x87, (m) => m.push([m.pop(), m.pop(), m.pop()].reverse())], // TUPLE3
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x6c, (m) => m.push(m.popMark())], // LIST
  [0x61, append], // APPEND
  [0x65, appendAll], // APPENDS
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x64, dictionary], // DICT
  [0x73, (m) => m.fill([m.pop(), m.pop()].reverse())], // SETITEM
  [0x75, (m) => m.fill(m.popMark())], // SETITEMS
  [0x71, (m) => m.remember(m.cursor.byte())], // BINPUT
  [0x72, (m) => m.remember(m.cursor.uint32())], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE
  [0x68, (m) => m.recall(m.cursor.byte())], // BINGET
  [0x6a, (m) => m.recall(m.cursor.uint32())], // LONG_BINGET
  [0x63, (m) => m.find(m.cursor.line(), m.cursor.line())], // GLOBAL
  [0x93, stackGlobal], // STACK_GLOBAL
  [0x52, (m) => m.call()], // REDUCE
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.loadPersistent()], // BINPERSID
])

function append(machine: Machine): void {
  const value = machine.pop()
  machine.list().push(value)
}

function appendAll(machine: Machine): void {
  const values = machine.popMark()
  const list = machine.list()
  for (const value of values) list.push(value)
}

function dictionary(machine: Machine): void {
  const entries = machine.popMark()
  machine.push(new Map())
  machine.fill(entries)
}

function stackGlobal(machine: Machine): void {
  const name = machine.pop()
  const module = machine.pop()
  if (typeof name !== 'string' || typeof module !== 'string')
    machine.fail('the name of a function', describePickled(name))
  machine.find(module, name)
}
