import { CommandError } from '../exit-code.ts'

/**
 * Loads a package that lowbit does not install by itself.
 * @param purpose what it is needed for: `read pictures`
 * @throws CommandError with the command that installs it
 */
export async function loadPeer<T>(name: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const reason =
      cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
        ? 'none'
        : `one that does not load: ${cause instanceof Error ? cause.message.split('\n')[0] : cause}`
    throw new CommandError(
      `Cannot ${purpose}: expected the package "${name}", got ${reason}\nHint: npm install ${name}`,
      undefined,
      { cause },
    )
  }
}
