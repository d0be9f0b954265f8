import { specFor } from '../config/tensor-specs.ts'
import { FakeQuantize } from '../fake-quantize/fake-quantize.ts'
import type { Inspection } from '../inspection/model-inspector.ts'
import type {
  ConsumerReport,
  FakeQuantizerReport,
  ObserverReport,
  OpReport,
  PlaceName,
  PlaceReport,
  RemovalReport,
  Unobserved,
  WinReport,
} from '../inspection/reports.ts'
import type { EagerFakeQuantizer } from './inspection.ts'
import type { OpEntry, SettingsTable } from './module-settings.ts'
import type { LoggedOperation, LoggedRead } from './operation-log.ts'
import { fakeQuantizersIn, type PlacedModel } from './placed-model.ts'
import type { QuantizedCall, TensorQuantizer } from './quantized-calls.ts'

/** What a fake quantizer quantizes, and who reads that. */
interface Wiring {
  readonly place: PlaceName
  readonly number: number
  readonly producer: string
  readonly consumers: ConsumerReport[]
}

/** Tells how a model is quantized in eager mode: made before the fake quantizers observe the example, asked when those that cannot are gone. */
export class EagerReporter {
  readonly #operations: readonly LoggedOperation[]
  readonly #settings: SettingsTable
  readonly #placed: PlacedModel
  readonly #before: readonly EagerFakeQuantizer[]
  readonly #wirings = new Map<FakeQuantize, Wiring>()

  constructor(operations: readonly LoggedOperation[], settings: SettingsTable, placed: PlacedModel) {
    this.#operations = operations
    this.#settings = settings
    this.#placed = placed
    this.#before = [...fakeQuantizersIn(placed.model)]
  }

  /** Everything there is to tell; the model has what is left of its fake quantizers. */
  report(operations: readonly OpReport[]): Inspection {
    const left = [...fakeQuantizersIn(this.#placed.model)]
    const objects = new Set(left.map(({ fakeQuantize }) => fakeQuantize))
    const removed = this.#before.flatMap(({ path, fakeQuantize }): RemovalReport[] =>
      objects.has(fakeQuantize)
        ? []
        : [{ name: path, producer: this.#wirings.get(fakeQuantize)?.producer ?? '', reason: 'block size' }],
    )
    const fakeQuantizers = left.map(({ path, fakeQuantize, module }): FakeQuantizerReport => {
      const { producer = '', consumers = [] } = this.#wirings.get(fakeQuantize) ?? {}
      return {
        name: path,
        fakeQuantize,
        sharedBy: left.flatMap((other) => (other.fakeQuantize === fakeQuantize ? [other.path] : [])),
        producer,
        consumers,
        module,
        target: fakeQuantize.target,
        spec: fakeQuantize.spec,
        granularity: fakeQuantize.granularity,
      }
    })
    return { operations, matches: [], fakeQuantizers, removed }
  }

  /** The operations with the observers that they were given. */
  operations(): OpReport[] {
    return this.#operations.map((operation) => {
      const entry = operation.isQuantizable
        ? this.#settings.opEntry(operation.module, operation.name, operation.type)
        : undefined
      const call = this.#callOf(operation)
      return {
        name: operation.name,
        type: operation.type,
        module: operation.module,
        isQuantizable: operation.isQuantizable,
        winner: entry === undefined ? null : this.#winOf(operation, entry),
        inputs: operation.reads.map((read) => this.#input(operation, read, call, entry)),
        output: this.#output(operation, call, entry),
      }
    })
  }

  #callOf({ module, function: base, count }: LoggedOperation): QuantizedCall | undefined {
    return this.#placed.modules.find(({ path }) => path === module)?.functions.get(base)?.[count]
  }

  #input(
    operation: LoggedOperation,
    { place, position, source, isState, isFloating }: LoggedRead,
    call: QuantizedCall | undefined,
    entry: OpEntry | undefined,
  ): PlaceReport {
    const fakeQuantize = isState ? this.#stateOf(source) : fakeQuantizeAt(call?.inputs, place)
    const reader = { node: operation.name, input: place }
    if (fakeQuantize !== undefined)
      return {
        input: source,
        observer: this.#observer(fakeQuantize, { node: operation.name, input: source }, source, [reader]),
        reason: null,
      }
    const spec = isState
      ? (entry?.specs.opStateSpec.get(nameIn(source)) ?? entry?.specs.opStateSpec.get('*'))
      : entry && specFor(entry.specs.opInputSpec, position)
    return { input: source, observer: null, reason: whyNot(entry, isFloating, spec) }
  }

  #output(
    operation: LoggedOperation,
    call: QuantizedCall | undefined,
    entry: OpEntry | undefined,
  ): PlaceReport {
    const { name } = operation
    const fakeQuantize = fakeQuantizeAt(call?.outputs, 0)
    if (fakeQuantize === undefined) {
      const spec = entry && specFor(entry.specs.opOutputSpec, 0)
      return { input: null, observer: null, reason: whyNot(entry, operation.isFloating, spec) }
    }
    const readers = this.#operations.flatMap(({ name: node, reads }) =>
      reads.flatMap(({ source, place }) => (source === name ? [{ node, input: place }] : [])),
    )
    const observer = this.#observer(fakeQuantize, { node: name, input: null }, name, readers)
    return { input: null, observer, reason: null }
  }

  #observer(
    fakeQuantize: FakeQuantize,
    place: PlaceName,
    producer: string,
    consumers: readonly ConsumerReport[],
  ): ObserverReport {
    const known = this.#wirings.get(fakeQuantize)
    const wiring = known ?? { place, number: this.#wirings.size, producer, consumers: [] }
    wiring.consumers.push(...consumers)
    this.#wirings.set(fakeQuantize, wiring)
    return {
      number: wiring.number,
      spec: fakeQuantize.spec,
      target: fakeQuantize.target,
      sharedWith: known === undefined ? null : known.place,
    }
  }

  #stateOf(path: string): FakeQuantize | undefined {
    return this.#placed.states.find(({ slots: [first] }) => first !== undefined && pathOf(first) === path)
      ?.fakeQuantize
  }

  #winOf({ name, type, module }: LoggedOperation, { opLevel, opKey }: OpEntry): WinReport | null {
    const settings = this.#settings.at(module)
    if (settings === undefined) return null
    const { priority, level, key } = settings
    return {
      priority,
      pattern: type,
      isKey: true,
      group: [name],
      level,
      moduleKey: key,
      opLevel,
      opKey: opKey ?? null,
    }
  }
}

function whyNot(entry: OpEntry | undefined, isFloating: boolean, spec: unknown): Unobserved {
  if (!isFloating) return 'not floating'
  if (entry === undefined) return 'no pattern'
  return spec === undefined ? 'not configured' : 'declined'
}

function fakeQuantizeAt(
  quantizers: readonly TensorQuantizer[] | undefined,
  place: number,
): FakeQuantize | undefined {
  const module = quantizers?.find((quantizer) => quantizer.place === place)?.module
  return module instanceof FakeQuantize ? module : undefined
}

function pathOf({ path, name }: { readonly path: string; readonly name: string }): string {
  return path === '' ? name : `${path}.${name}`
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}
