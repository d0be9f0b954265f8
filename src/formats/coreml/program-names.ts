/** Hands out the names of a program, which are made of letters, digits and underscores, and stand once each. */
export class ProgramNames {
  readonly #taken = new Set<string>()
  readonly #counts = new Map<string, number>()

  /** A name that nothing else has, as near to the one given as can be. */
  fresh(name: string): string {
    const stem = identifier(name)
    let fresh = stem
    let count = this.#counts.get(stem) ?? 0
    while (this.#taken.has(fresh)) fresh = `${stem}_${count++}`
    this.#counts.set(stem, count)
    this.#taken.add(fresh)
    return fresh
  }
}

/** A name without what Core ML does not take in one. */
function identifier(name: string): string {
  const letters = name.replace(/[^A-Za-z0-9_]/g, '_')
  return /^[A-Za-z_]/.test(letters) ? letters : `_${letters}`
}
