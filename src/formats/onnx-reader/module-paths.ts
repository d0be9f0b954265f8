import type { NodeProto } from '../../codec/onnx.ts'
import type { Scope } from '../../ir/scope.ts'
import { Container } from '../../nn/container.ts'
import { GraphModule } from '../../nn/graph-module.ts'
import { SCOPES_KEY } from '../onnx/node-namer.ts'

/** Properties that every graph module has of its own. */
const OWN = new Set(['graph', 'training', '__proto__'])
const MAX_DEPTH = 32

/**
 * The path of the module that a node belongs to, from the node's name: `/encoder/layer.0/attention/query/MatMul` is `encoder.layer.0.attention.query`, and
 * a name that repeats the one before it is its continuation (`/layer1/layer1.0/conv1/Conv` is `layer1.0.conv1`). Exporters that keep scopes
 * in the node's metadata are believed; a name without slashes says nothing.
 */
export function modulePathOf({ name, metadataProps }: NodeProto): string {
  const scopes = metadataProps.find(({ key }) => key === SCOPES_KEY)?.value
  if (scopes !== undefined) return pathFromScopes(scopes)
  const segments = name.split(';')[0]?.split('/') ?? []
  if (segments[0] === '') segments.shift()
  segments.pop()
  const path: string[] = []
  for (const segment of segments) {
    if (segment === '') continue
    const previous = path.at(-1)
    if (previous !== undefined && segment.startsWith(`${previous}.`)) path.pop()
    path.push(segment)
  }
  return cleanPath(path.join('.'))
}

/** `['', 'encoder', 'encoder.layer', 'linear']`: the longest dotted path before the operation's own name. */
function pathFromScopes(text: string): string {
  const scopes = [...text.matchAll(/'([^']*)'/g)].map(([, scope = '']) => scope)
  return cleanPath(scopes.at(-2) ?? '')
}

/** A dotted path whose names a module may have as members. */
export function cleanPath(path: string): string {
  const names = path.split('.').flatMap((name) => {
    const clean = name.replace(/\W+/g, '_').replace(/^_+(?=.)|_+$/g, '')
    if (clean === '' || clean === '_') return []
    return [isTaken(clean) ? `${clean}_` : clean]
  })
  return names.slice(0, MAX_DEPTH).join('.')
}

function isTaken(name: string): boolean {
  return OWN.has(name) || name in GraphModule.prototype || name in Container.prototype
}

/** Hands out paths for states: none twice, and none that leads through another. */
export class StatePaths {
  readonly #leaves = new Set<string>()
  readonly #inner = new Set<string>()

  /** A path like `candidate` that nothing has yet. */
  fresh(candidate: string): string {
    const stem = candidate === '' ? 'constant' : candidate
    for (let i = 0; ; i++) {
      const path = i === 0 ? stem : numbered(stem, i)
      if (!this.#isFree(path)) continue
      this.#leaves.add(path)
      for (const prefix of prefixesOf(path)) this.#inner.add(prefix)
      return path
    }
  }

  #isFree(path: string): boolean {
    return (
      !this.#leaves.has(path) && !this.#inner.has(path) && !prefixesOf(path).some((p) => this.#leaves.has(p))
    )
  }
}

/** A number goes to the module, not to what the state is to it. */
function numbered(path: string, count: number): string {
  const dot = path.lastIndexOf('.')
  return dot < 0 ? `${path}_${count}` : `${path.slice(0, dot)}_${count}${path.slice(dot)}`
}

function prefixesOf(path: string): string[] {
  const names = path.split('.')
  return names.slice(1).map((_, i) => names.slice(0, i + 1).join('.'))
}

/** Makes the scopes of nodes: one object for each path. */
export class Scopes {
  readonly #byPath = new Map<string, Scope & { className: string }>()

  /** The scope of a path; a class that is known by then is kept. */
  at(path: string, className = ''): Scope {
    const known = this.#byPath.get(path)
    if (known !== undefined) {
      if (known.className === '') known.className = className
      return known
    }
    const dot = path.lastIndexOf('.')
    const parent = path === '' ? undefined : this.at(dot < 0 ? '' : path.slice(0, dot))
    const scope = { path, className: path === '' ? 'GraphModule' : className, parent }
    this.#byPath.set(path, scope)
    return scope
  }
}
