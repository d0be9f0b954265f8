import { recorder } from '../../engine/recorder.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { Container } from '../../nn/container.ts'
import { type AnyModule, Module } from '../../nn/module.ts'
import type { Buffer, Parameter } from '../../nn/parameter.ts'
import type { StateSlot } from './state-specs.ts'

/** Property of a module under which its parametrizations stand, as PyTorch has it. */
const NAME = 'parametrizations'

/**
 * What stands behind a computed state: `original`, which is the parameter as it was (the same object, so that optimizers go on with it), and `0`, the
 * module that computes the state from it.
 */
export class ParametrizationList extends Module<[], Tensor> {
  original: Parameter | Buffer
  /** The module that computes the state. */
  '0': Module

  constructor(original: Parameter | Buffer, compute: Module) {
    super()
    this.original = original
    this['0'] = compute
  }

  override forward(): Tensor {
    return this['0'](this.original)
  }

  /** Computes the state from something else. */
  replace(original: Parameter | Buffer, compute: Module): void {
    this.original = original
    this['0'] = compute
  }
}

/** Puts a computed state in the place of a stored one: reading the property computes it anew. */
export function parametrize({ module, name }: StateSlot, compute: Module): ParametrizationList {
  const original: unknown = Reflect.get(module, name)
  const list = new ParametrizationList(original as Parameter | Buffer, compute)
  place(module, name, list)
  Object.defineProperty(module, name, {
    get: () => recorder.unintercepted(() => list()),
    enumerable: false,
    configurable: true,
  })
  return list
}

/** Puts a stored state back into the place of a computed one. */
export function unparametrize(slot: StateSlot): void {
  const { module, name } = slot
  const lists = parametrizationsOf(module)
  const value = parametrizationAt(slot)?.original
  if (lists === undefined || value === undefined) return
  Object.defineProperty(module, name, { value, writable: true, enumerable: true, configurable: true })
  Reflect.deleteProperty(lists, name)
  if ([...lists.members()].length === 0) Reflect.deleteProperty(module, NAME)
}

/** The list behind a computed state, undefined for a stored one. */
export function parametrizationAt({ module, name }: StateSlot): ParametrizationList | undefined {
  const list: unknown = Reflect.get(parametrizationsOf(module) ?? {}, name)
  return list instanceof ParametrizationList ? list : undefined
}

function parametrizationsOf(module: AnyModule): Container | undefined {
  const lists: unknown = Object.getOwnPropertyDescriptor(module, NAME)?.value
  return lists instanceof Container ? lists : undefined
}

function place(module: AnyModule, name: string, list: ParametrizationList): void {
  let lists = parametrizationsOf(module)
  if (lists === undefined) {
    lists = new Container()
    Object.defineProperty(module, NAME, { value: lists, enumerable: true, configurable: true })
  }
  Object.defineProperty(lists, name, { value: list, writable: true, enumerable: true, configurable: true })
}
