import { Container } from '../../nn/container.ts'
import { GraphModule } from '../../nn/graph-module.ts'
import type { ProgramInput } from './program.ts'

/** Properties that every graph module has of its own. */
const OWN = new Set(['graph', 'training'])

const MAX_DEPTH = 64

/**
 * Checks that states can be members of a module under their paths.
 * @throws FormatError for a path that is empty in part, comes twice, leads through another state, or is the name of something that modules have
 */
export function checkStatePaths(inputs: readonly ProgramInput[]): void {
  const seen = new Set<string>()
  const states = inputs.filter((input) => input.kind === 'state')
  for (const { path, at } of states) {
    if (seen.has(path)) at.fail('every state once', `"${path}" again`)
    seen.add(path)
    const [first = '', ...others] = path.split('.')
    if (others.length >= MAX_DEPTH) at.fail(`a path of at most ${MAX_DEPTH} names`, `${others.length + 1}`)
    if (first === '' || others.includes('')) at.fail('a path of names', `"${path}"`)
    const taken =
      OWN.has(first) || first in GraphModule.prototype || others.some((name) => name in Container.prototype)
    if (taken) at.fail('names that modules have not themselves', `"${path}"`)
  }
  for (const { path, at } of states) {
    for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1))
      if (seen.has(path.slice(0, dot))) at.fail('a path that does not lead through a state', `"${path}"`)
  }
}
