import { getMember } from '../../nn/container.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import type { AnyModule } from '../../nn/module.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import type { Logger } from '../logger.ts'

const preserved = new WeakMap<GraphModule, ReadonlyMap<string, unknown>>()

/** Gives a captured model copies of the attributes that its config wants to keep. One that the model does not have is a warning. */
export function preserveAttributes(
  from: AnyModule,
  to: GraphModule,
  { preservedAttributes }: QuantizerConfig,
  logger: Logger,
): void {
  const kept = new Map<string, unknown>()
  for (const name of preservedAttributes ?? []) {
    if (Reflect.has(from, name)) kept.set(name, copyOf(Reflect.get(from, name)))
    else logger.warn(`The attribute "${name}" is not preserved: the model has none of that name`)
  }
  setAttributes(to, kept)
}

/** Gives a model made from a prepared one the attributes that were preserved for that. */
export function passOnAttributes(from: GraphModule, to: GraphModule): void {
  setAttributes(to, preserved.get(from) ?? new Map())
}

/** A module whose states the graph reads stays what the graph made of it. */
function setAttributes(model: GraphModule, attributes: ReadonlyMap<string, unknown>): void {
  preserved.set(model, attributes)
  for (const [name, value] of attributes) {
    if (getMember(model, name) !== undefined) continue
    Object.defineProperty(model, name, { value, writable: true, enumerable: false, configurable: true })
  }
}

/** A deep copy of plain data; what cannot be copied, such as a function or a module, is shared. */
function copyOf(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return value
  }
}
