import { recorder } from '../engine/recorder.ts'
import { StateError } from '../engine/state-error.ts'
import { fromHost } from '../engine/tensor.ts'
import { castArray } from '../tensor/cast-array.ts'
import type { HostArray } from '../tensor/host-array.ts'
import type { Shape } from '../tensor/shape.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import { type AnyModule, joinPath } from './module.ts'
import { Buffer, Parameter } from './parameter.ts'

/** Whether every name has to fit. */
export interface LoadOptions {
  /** Default: true; false passes over missing and unexpected names. Shapes have to fit in any case. */
  readonly strict?: boolean
}

/** Names that a load passed over. */
export interface LoadResult {
  /** Of the module, and not given. */
  readonly missing: readonly string[]
  /** Given, and not of the module. */
  readonly unexpected: readonly string[]
}

/**
 * Copies of a module's parameters and persistent buffers under PyTorch's names, in order of declaration; a tensor under several names stands
 * under each. All are read in one wait.
 */
export async function stateDict(module: AnyModule): Promise<Map<string, HostArray>> {
  const arrays = [...persistentState(module)].map(
    async ([name, tensor]) => [name, await tensor.array()] as const,
  )
  return new Map(await Promise.all(arrays))
}

/**
 * Replaces a module's parameters and buffers by the ones of their names; other dtypes are cast. Nothing is replaced when something does not fit.
 *
 * @throws StateError for missing and unexpected names, ShapeError where only shapes differ; both list everything
 */
export function loadStateDict(
  module: AnyModule,
  dict: ReadonlyMap<string, HostArray>,
  { strict = true }: LoadOptions = {},
): LoadResult {
  if (!((dict as unknown) instanceof Map))
    throw new TypeError(
      `Cannot load the state of "${module.constructor.name}": expected a Map from names to arrays, got ${dict === null ? 'null' : typeof dict}`,
    )
  const state = persistentState(module)
  const missing = [...state.keys()].filter((name) => !dict.has(name))
  const unexpected = [...dict.keys()].filter((name) => !state.has(name))
  const misfits = [...state].flatMap(([name, { shape }]): Misfit[] => {
    const got = dict.get(name)?.shape
    return got === undefined || got.join() === shape.join() ? [] : [{ name, expected: shape, got }]
  })
  if (misfits.length > 0 || (strict && missing.length + unexpected.length > 0)) {
    throw unloadable(module, strict ? missing : [], strict ? unexpected : [], misfits)
  }
  for (const [name, tensor] of state) {
    const array = dict.get(name)
    if (array !== undefined) tensor.assign(fromHost(castArray(array, tensor.dtype)))
  }
  recorder.flush()
  return { missing, unexpected }
}

interface Misfit {
  readonly name: string
  readonly expected: Shape
  readonly got: Shape
}

function persistentState(root: AnyModule): Map<string, Parameter | Buffer> {
  const state = new Map<string, Parameter | Buffer>()
  for (const [path, module] of root.namedModules({ aliases: true })) {
    for (const [name, member] of module.members()) {
      if (member instanceof Parameter || (member instanceof Buffer && member.persistent)) {
        state.set(joinPath(path, name), member)
      }
    }
  }
  return state
}

function unloadable(
  module: AnyModule,
  missing: readonly string[],
  unexpected: readonly string[],
  misfits: readonly Misfit[],
): StateError | ShapeError {
  const found = [
    ...(missing.length > 0 ? [`missing ${quoted(missing)}`] : []),
    ...(unexpected.length > 0 ? [`unexpected ${quoted(unexpected)}`] : []),
    ...misfits.map(
      ({ name, expected, got }) =>
        `"${name}" of shape [${got.join(', ')}] instead of [${expected.join(', ')}]`,
    ),
  ]
  const message = `Cannot load the state of "${module.constructor.name}": expected its names and shapes, got ${found.join('; ')}`
  if (missing.length + unexpected.length > 0) {
    return new StateError(`${message}\nHint: { strict: false } passes over missing and unexpected names`)
  }
  return new ShapeError(
    message,
    misfits.flatMap(({ expected, got }) => [expected, got]),
  )
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
