import { recorder } from '../engine/recorder.ts'
import { type Tensor, tensorsIn } from '../engine/tensor.ts'
import { currentScope, keepScope, withScope } from '../ir/scope.ts'
import type { CallWatcher } from './call-watcher.ts'
import { ModuleScope } from './module-scope.ts'
import { Buffer, Parameter } from './parameter.ts'

/** Runs before a module's forward; what it returns, if anything, replaces the inputs. */
export type ForwardPreHook = (module: AnyModule, inputs: readonly unknown[]) => readonly unknown[] | undefined
/** Runs after a module's forward; what it returns, if anything, replaces the output. */
export type ForwardHook = (module: AnyModule, inputs: readonly unknown[], output: unknown) => unknown

/** Any module, whatever it takes and gives. */
export type AnyModule = Module<never, unknown>

/** A class of modules, as configs and tables name them. */
export type ModuleClass = abstract new (...args: never) => AnyModule

interface Hooks {
  readonly before: Set<ForwardPreHook>
  readonly after: Set<ForwardHook>
  readonly watchers: Set<CallWatcher>
}

const hooks = new WeakMap<AnyModule, Hooks>()

/** A module is called like a function: `model(x)`. */
export interface Module<I extends readonly unknown[] = [Tensor], O = Tensor> {
  // biome-ignore lint/style/useShorthandFunctionType: the class below is merged with the interface
  (...inputs: I): O
}

/**
 * A part of a model with state: parameters, buffers and other modules, each a property of the object. Subclasses write `forward`;
 * users call the module itself, `model(x)`, which also keeps track of where operations come from.
 *
 * @typeParam I inputs
 * @typeParam O output
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the call signature that the constructor makes true
export abstract class Module<I extends readonly unknown[] = [Tensor], O = Tensor> {
  /** Whether the module trains: batch norms use the batch's statistics, dropouts drop. Default: true. */
  declare training: boolean

  constructor() {
    const call = (...inputs: I): O => callModule(self, inputs)
    const self: this = Object.setPrototypeOf(call, new.target.prototype)
    Reflect.deleteProperty(self, 'name')
    Reflect.deleteProperty(self, 'length')
    Object.defineProperty(self, 'training', {
      value: true,
      writable: true,
      enumerable: false,
      configurable: true,
    })
    // biome-ignore lint/correctness/noConstructorReturn: the object that is constructed is the function
    return self
  }

  /** What the module computes; for the author of the module. Users call the module. */
  abstract forward(...inputs: I): O

  /** Parameters, buffers and children of this module alone, under their property names, in order of declaration. */
  *members(): Generator<[string, Parameter | Buffer | AnyModule]> {
    for (const name of Object.keys(this)) {
      const member: unknown = Reflect.get(this, name)
      if (member instanceof Parameter || member instanceof Buffer || member instanceof Module)
        yield [name, member]
    }
  }

  /** Modules right below this one. A module under several names is given under each. */
  *namedChildren(): Generator<[string, AnyModule]> {
    for (const [name, member] of this.members()) if (member instanceof Module) yield [name, member]
  }

  /**
   * This module under `prefix` (default '') and all below it by dotted path, parents first. A module under several names is given once, under the
   * first one, unless `aliases` is true.
   */
  *namedModules({
    prefix = '',
    aliases = false,
  }: {
    prefix?: string
    aliases?: boolean
  } = {}): Generator<[string, AnyModule]> {
    yield* walkModules(this, prefix, aliases ? undefined : new Set())
  }

  /** Parameters of this module and of all below it by dotted path; one under several names is given once. */
  *namedParameters(): Generator<[string, Parameter]> {
    for (const [name, member] of namedState(this)) if (member instanceof Parameter) yield [name, member]
  }

  /** Parameters of this module and of all below it. */
  *parameters(): Generator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter
  }

  /** Buffers of this module and of all below it by dotted path; one under several names is given once. */
  *namedBuffers(): Generator<[string, Buffer]> {
    for (const [name, member] of namedState(this)) if (member instanceof Buffer) yield [name, member]
  }

  /** Switches this module and all below it to training, or to evaluation. */
  train(training: boolean = true): this {
    for (const [, module] of this.namedModules()) module.training = training
    return this
  }

  /** Switches this module and all below it to evaluation. */
  eval(): this {
    return this.train(false)
  }

  /** Adds a hook that runs before every forward, and returns a function that removes it. */
  registerForwardPreHook(hook: ForwardPreHook): () => void {
    const { before } = hooksOf(this)
    before.add(hook)
    return () => before.delete(hook)
  }

  /** Adds a hook that runs after every forward, with what an async one resolves to, and returns a function that removes it. */
  registerForwardHook(hook: ForwardHook): () => void {
    const { after } = hooksOf(this)
    after.add(hook)
    return () => after.delete(hook)
  }
}

function callModule<I extends readonly unknown[], O>(module: Module<I, O>, inputs: I): O {
  const outer = currentScope()
  const scope = new ModuleScope(module, outer instanceof ModuleScope ? outer : undefined)
  if (module.training) recorder.training = true
  recorder.enter()
  let output: O
  try {
    output = withScope(scope, () => forwardWithHooks(module, inputs))
  } catch (error) {
    recorder.leave()
    throw error
  }
  if (output instanceof Promise) return leaveLater(module, scope, output)
  if (recorder.leave()) leaveTopLevel(module, output)
  return output
}

/** An async forward goes on in its scope, and its call ends with it. */
function leaveLater<O extends Promise<unknown>>(module: AnyModule, scope: ModuleScope, output: O): O {
  const end = keepScope(scope)
  const ended = output.then(
    (value) => {
      end()
      if (recorder.leave()) leaveTopLevel(module, value)
      return value
    },
    (error) => {
      end()
      recorder.leave()
      throw error
    },
  )
  return ended as O
}

/** What a call at top level leaves behind can be read; state that it updated outside training is brought up to date now. */
function leaveTopLevel(module: AnyModule, output: unknown): void {
  for (const tensor of tensorsIn(output)) recorder.pending.add(tensor)
  if (!module.training && recorder.assigned.size > 0) recorder.flush()
}

function forwardWithHooks<I extends readonly unknown[], O>(module: Module<I, O>, inputs: I): O {
  const registered = hooks.get(module)
  if (registered === undefined) return module.forward(...inputs)
  let replaced: readonly unknown[] = inputs
  for (const hook of registered.before) replaced = hook(module, replaced) ?? replaced
  const output: unknown = watchForward(registered.watchers, module, replaced)
  const finish = (value: unknown): unknown => {
    let result = value
    for (const hook of registered.after) result = hook(module, replaced, result) ?? result
    return result
  }
  return (output instanceof Promise ? output.then(finish) : finish(output)) as O
}

/** The forward, with watchers told of its end however it comes. */
function watchForward(
  watchers: ReadonlySet<CallWatcher>,
  module: AnyModule,
  inputs: readonly unknown[],
): unknown {
  const calls = Array.from(watchers, (watch) => watch(module, inputs))
  const fail = () => {
    for (const call of calls) call.fail()
  }
  const leave = <T>(output: T): T => {
    for (const call of calls) call.leave(output)
    return output
  }
  let output: unknown
  try {
    output = module.forward(...(inputs as never))
    if (!(output instanceof Promise)) return leave(output)
  } catch (error) {
    fail()
    throw error
  }
  return output.then(leave).catch((error) => {
    fail()
    throw error
  })
}

/** Has every call of a module watched; returns a function that ends it. */
export function watchCalls(module: AnyModule, watcher: CallWatcher): () => void {
  const { watchers } = hooksOf(module)
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

/** Whether anybody has hooked into a module's calls or watches them. */
export function hasHooks(module: AnyModule): boolean {
  const registered = hooks.get(module)
  return registered !== undefined && Object.values(registered).some(({ size }) => size > 0)
}

function hooksOf(module: AnyModule): Hooks {
  let registered = hooks.get(module)
  if (registered === undefined) {
    registered = { before: new Set(), after: new Set(), watchers: new Set() }
    hooks.set(module, registered)
  }
  return registered
}

function* walkModules(
  module: AnyModule,
  path: string,
  seen: Set<AnyModule> | undefined,
): Generator<[string, AnyModule]> {
  if (seen?.has(module)) return
  seen?.add(module)
  yield [path, module]
  for (const [name, child] of module.namedChildren()) yield* walkModules(child, joinPath(path, name), seen)
}

function* namedState(root: AnyModule): Generator<[string, Parameter | Buffer]> {
  const seen = new Set<Tensor>()
  for (const [path, module] of root.namedModules()) {
    for (const [name, member] of module.members()) {
      if (member instanceof Module || seen.has(member)) continue
      seen.add(member)
      yield [joinPath(path, name), member]
    }
  }
}

/** Dotted path of a member of the module at `path`. */
export function joinPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
