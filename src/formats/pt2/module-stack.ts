import type { Scope } from '../../ir/scope.ts'
import type { LayoutModule, LayoutState, ModelLayout } from '../../nn/model-layout.ts'
import type { JsonView } from './json-view.ts'

/** Longer and deeper paths than any model has, so that what is quadratic in them stays small. */
const MAX_PATH_LENGTH = 2000
const MAX_PATH_DEPTH = 64
const CONTAINER = 'torch.nn.modules.container.ModuleList'

/** The modules that nodes come from, outermost first, as the metadata of a program's nodes names them. */
export class ModuleStacks {
  readonly #stacks = new Map<string, readonly StackEntry[]>()
  readonly #scopes = new Map<string, Scope | undefined>()

  /** Reads the stacks of all nodes of a graph. */
  constructor(graph: JsonView) {
    for (const node of graph.field('nodes').items()) {
      const text = stackText(node)
      if (!this.#stacks.has(text)) this.#stacks.set(text, parseStack(text, node))
    }
  }

  /** Classes of the modules that recorded nodes, by path. */
  classNames(): Map<string, string> {
    const entries = [...this.#stacks.values()].flat()
    return new Map(entries.map(({ path, className }) => [path, className]))
  }

  /**
   * The scope of a node.
   * @param aliases first path of the modules that are reached by several
   */
  scopeOf(node: JsonView, aliases: ReadonlyMap<string, string>): Scope | undefined {
    const text = stackText(node)
    if (!this.#scopes.has(text)) {
      const scope = this.#stacks
        .get(text)
        ?.reduce<Scope | undefined>(
          (parent, { path, className }) => ({ path: aliases.get(path) ?? path, className, parent }),
          undefined,
        )
      this.#scopes.set(text, scope)
    }
    return this.#scopes.get(text)
  }
}

interface StackEntry {
  readonly path: string
  readonly className: string
}

function stackText(node: JsonView): string {
  return node.optional('metadata')?.optional('nn_module_stack')?.string() ?? ''
}

/** Takes `key,path,class;key,path,class` apart. */
function parseStack(text: string, node: JsonView): StackEntry[] {
  if (text === '') return []
  return text.split(';').map((entry) => {
    const [, path = '', className = ''] = entry.split(',', 3)
    return { path: checkedPath(path, node), className }
  })
}

/** `L['self'].blocks[0]._modules['x']` and `blocks.0.x` are the same path. */
export function normalizePath(path: string): string {
  return path
    .replace(/^L\['self'\]/, '')
    .replaceAll(/(?:\._modules)?\[['"]?([^\]'"]*)['"]?\]/g, '.$1')
    .replace(/@\d+$/, '')
    .replace(/^\./, '')
}

/** A normalized path of a size that models have. */
function checkedPath(path: string, at: JsonView): string {
  if (path.length > MAX_PATH_LENGTH)
    at.fail(`a module's path of at most ${MAX_PATH_LENGTH} characters`, `${path.length}`)
  const plain = normalizePath(path)
  const depth = plain.split('.').length
  return depth > MAX_PATH_DEPTH ? at.fail(`modules nested at most ${MAX_PATH_DEPTH} deep`, `${depth}`) : plain
}

/** A state under one of its paths; equal objects are the same tensor. */
export interface PathedState {
  readonly path: string
  readonly tensor: object
}

/** The modules of a program: those that it lists, and those between. */
export function modulePaths(graphModule: JsonView): string[] {
  const listed = graphModule.field('module_call_graph').items()
  const paths = new Set([''])
  for (const entry of listed) {
    const path = checkedPath(entry.field('fqn').string(), entry)
    for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1))
      paths.add(path.slice(0, dot))
    paths.add(path)
  }
  return [...paths]
}

/**
 * First path of every module that is reached by several: modules of one class with states, all of which are the same tensors. A program does not
 * say so itself.
 */
export function findAliases(
  paths: readonly string[],
  states: readonly PathedState[],
  classNames: ReadonlyMap<string, string>,
): Map<string, string> {
  const contents = contentsOf(states)
  const firsts = new Map<string, string[]>()
  const aliases = new Map<string, string>()
  for (const path of paths) {
    const content = contents.get(path)?.sort().join()
    if (content === undefined) continue
    const known = firsts.get(content) ?? []
    const className = classNames.get(path)
    const isSame = (other: string) =>
      !className || !classNames.get(other) || classNames.get(other) === className
    const first = known.find(isSame)
    if (first === undefined) firsts.set(content, [...known, path])
    else aliases.set(path, first)
  }
  return aliases
}

/** For each module what its states are called and which tensors they are. */
function contentsOf(states: readonly PathedState[]): Map<string, string[]> {
  const ids = new Map<object, number>()
  const contents = new Map<string, string[]>()
  for (const { path, tensor } of states) {
    const id = ids.get(tensor) ?? ids.set(tensor, ids.size).size - 1
    for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
      const owner = path.slice(0, dot)
      const content = contents.get(owner)
      const entry = `${path.slice(dot + 1)}=${id}`
      if (content === undefined) contents.set(owner, [entry])
      else content.push(entry)
    }
  }
  return contents
}

/** Modules and states of a program by name. */
export function layoutOfProgram(
  paths: readonly string[],
  aliases: ReadonlyMap<string, string>,
  classNames: ReadonlyMap<string, string>,
  states: readonly PathedState[],
): ModelLayout {
  const modules = new Map<string, { paths: [string, ...string[]]; className: string }>()
  for (const path of paths) {
    const first = modules.get(aliases.get(path) ?? path)
    const className = classNames.get(path)
    if (first === undefined) modules.set(path, { paths: [path], className: className ?? '' })
    else {
      first.paths.push(path)
      first.className ||= className ?? ''
    }
  }
  const all = new Set(paths)
  for (const module of modules.values()) module.className ||= implied(module, all)
  return { modules: [...modules.values()], states: layoutStates(states) }
}

/** A module that records nothing itself and has numbered children holds them. */
function implied({ paths: [path] }: LayoutModule, all: ReadonlySet<string>): string {
  return all.has(`${path}.0`) ? CONTAINER : ''
}

function layoutStates(states: readonly PathedState[]): LayoutState[] {
  const byTensor = new Map<object, [string, ...string[]]>()
  for (const { path, tensor } of states) {
    const known = byTensor.get(tensor)
    if (known === undefined) byTensor.set(tensor, [path])
    else known.push(path)
  }
  return Array.from(byTensor.values(), (paths) => ({ paths }))
}
