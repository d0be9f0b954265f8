import type { Graph } from '../ir/graph.ts'
import type { Scope } from '../ir/scope.ts'
import { type AnyModule, joinPath, Module } from './module.ts'
import { type Buffer, Parameter } from './parameter.ts'

/** A module of a model under all names by which it is reached. */
export interface LayoutModule {
  /** Dotted paths, the one it is reached by first in front; '' is the model itself. */
  readonly paths: readonly [string, ...string[]]
  /** Name of its class: `Conv2d`, or `torch.nn.modules.conv.Conv2d` for a model that came from PyTorch. */
  readonly className: string
}

/** A parameter or buffer of a model under all names by which it is reached. */
export interface LayoutState {
  /** Dotted paths in order of declaration. A tied parameter has several. */
  readonly paths: readonly [string, ...string[]]
}

/** What a model is made of, by name: it outlives the capture of the model as a graph. */
export interface ModelLayout {
  /** Parents before their children, in order of declaration. */
  readonly modules: readonly LayoutModule[]
  /** Parameters first, then buffers. */
  readonly states: readonly LayoutState[]
}

/** The layout of a model made of modules. */
export function layoutOf(model: AnyModule): ModelLayout {
  const paths = pathsOf(model.namedModules({ aliases: true }))
  const modules = [...paths].map(([module, names]) => ({
    paths: names,
    className: module.constructor.name,
  }))
  return { modules, states: [...statePaths(model).values()].map((names) => ({ paths: names })) }
}

/** Every parameter, then every buffer of a model, with all paths under which it is reached. */
export function statePaths(model: AnyModule): Map<Parameter | Buffer, [string, ...string[]]> {
  return pathsOf(namedStates(model))
}

/** Every path of every parameter, then of every buffer, in order of declaration. */
export function namedStates(model: AnyModule): [string, Parameter | Buffer][] {
  const states: [string, Parameter | Buffer][] = []
  for (const [path, module] of model.namedModules({ aliases: true })) {
    for (const [name, member] of module.members()) {
      if (!(member instanceof Module)) states.push([joinPath(path, name), member])
    }
  }
  const isParameter = ([, state]: [string, Parameter | Buffer]) => state instanceof Parameter
  return [...states.filter(isParameter), ...states.filter((state) => !isParameter(state))]
}

function pathsOf<T>(named: Iterable<[string, T]>): Map<T, [string, ...string[]]> {
  const paths = new Map<T, [string, ...string[]]>()
  for (const [path, item] of named) {
    const known = paths.get(item)
    if (known === undefined) paths.set(item, [path])
    else known.push(path)
  }
  return paths
}

/** The layout of a captured model of which nothing else is known: the modules that recorded nodes, and the states that they read. */
export function layoutOfGraph(graph: Graph): ModelLayout {
  const classNames = new Map([['', 'GraphModule']])
  for (const { scope } of graph.nodes) {
    const chain: Scope[] = []
    for (let at = scope; at !== undefined; at = at.parent) chain.push(at)
    for (const { path, className } of chain.reverse())
      if (path === '' || !classNames.has(path)) classNames.set(path, className)
  }
  const states = graph.inputs.filter(({ kind }) => kind === 'state')
  return {
    modules: Array.from(classNames, ([path, className]) => ({ paths: [path], className })),
    states: states.map(({ name }) => ({ paths: [name] })),
  }
}
