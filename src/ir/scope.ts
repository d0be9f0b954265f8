/** The module whose code records operations: a linked list from the innermost module outwards. */
export interface Scope {
  /** Dotted path from the root module, '' for the root itself. */
  readonly path: string
  /** Class of the module, for example `Conv2d`. */
  readonly className: string
  readonly parent: Scope | undefined
}

let current: Scope | undefined

/** The scope that newly made nodes belong to. */
export function currentScope(): Scope | undefined {
  return current
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
