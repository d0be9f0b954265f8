/** The module whose code records operations: a linked list from the innermost module outwards. */
export interface Scope {
  /** Dotted path from the root module, '' for the root itself. */
  readonly path: string
  /** Class of the module, for example `Conv2d`. */
  readonly className: string
  readonly parent: Scope | undefined
}

let current: Scope | undefined

/** Scopes whose code waits for something and will go on, the innermost last. */
const waiting: Scope[] = []

/** The scope that newly made nodes belong to. */
export function currentScope(): Scope | undefined {
  return current ?? waiting.at(-1)
}

/** Keeps a scope for code that goes on later; returns what ends it. While no other scope is entered, new nodes belong to it. */
export function keepScope(scope: Scope): () => void {
  waiting.push(scope)
  return () => {
    const place = waiting.lastIndexOf(scope)
    if (place >= 0) waiting.splice(place, 1)
  }
}

/** Runs `body` inside a scope; nodes made by it, synchronously, carry the scope. */
export function withScope<T>(scope: Scope | undefined, body: () => T): T {
  const outer = current
  current = scope
  try {
    return body()
  } finally {
    current = outer
  }
}
