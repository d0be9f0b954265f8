import { fromValues } from '../../tensor/from-values.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'
import { Buffer, type Parameter } from '../parameter.ts'
import type { ParameterGroup } from './parameter-groups.ts'
import { Slot } from './slot.ts'

/** What an optimizer remembers. */
export interface OptimizerState<O> {
  /** Options of each group of parameters. */
  readonly groups: readonly { readonly options: O; readonly count: number }[]
  /** By `<number of the parameter>.<name>`, under PyTorch's names: `0.momentum_buffer`, `1.exp_avg`, `1.step`. */
  readonly tensors: ReadonlyMap<string, HostArray>
}

/** Reads the state of all parameters, in one wait. */
export async function readState<O>(
  groups: readonly ParameterGroup<O>[],
  slots: ReadonlyMap<Parameter, Slot>,
): Promise<OptimizerState<O>> {
  const reads = groups
    .flatMap(({ parameters }) => parameters)
    .flatMap((parameter, i) => {
      const slot = slots.get(parameter)
      if (slot === undefined) return []
      const step = Promise.resolve(fromValues('int64', [], [slot.step]))
      return [
        ...[...slot.buffers].map(([name, buffer]) => [`${i}.${name}`, buffer.array()] as const),
        [`${i}.step`, step] as const,
      ]
    })
  const arrays = await Promise.all(reads.map(async ([name, array]) => [name, await array] as const))
  return {
    groups: groups.map(({ options, parameters }) => ({ options, count: parameters.length })),
    tensors: new Map(arrays),
  }
}

/**
 * Puts a state into groups and slots, once all of it fits.
 * @throws RangeError when the groups differ, ShapeError when a tensor's shape does
 */
export function writeState<O>(
  optimizer: string,
  state: OptimizerState<O>,
  groups: readonly ParameterGroup<O>[],
  slots: Map<Parameter, Slot>,
): void {
  const expected = groups.map(({ parameters }) => parameters.length)
  const got = state.groups.map(({ count }) => count)
  if (expected.join() !== got.join()) {
    throw new RangeError(
      `Cannot load the state of "${optimizer}": expected groups of [${expected.join(', ')}] parameters, got [${got.join(', ')}]`,
    )
  }
  const parameters = groups.flatMap(({ parameters: members }) => members)
  const loaded = new Map<Parameter, Slot>()
  for (const [name, array] of state.tensors) {
    const [number, kind = ''] = name.split('.', 2)
    const parameter = parameters[Number(number)]
    if (parameter === undefined) {
      throw new RangeError(
        `Cannot load the state of "${optimizer}": expected at most ${parameters.length} parameters, got "${name}"`,
      )
    }
    const slot = loaded.get(parameter) ?? new Slot(parameter)
    loaded.set(parameter, slot)
    if (kind === 'step') slot.step = Number(toTypedArray(array)[0] ?? 0)
    else slot.buffers.set(kind, bufferOf(optimizer, name, array, parameter))
  }
  slots.clear()
  for (const [parameter, slot] of loaded) slots.set(parameter, slot)
  for (const [i, group] of groups.entries()) group.options = state.groups[i]?.options ?? group.options
}

function bufferOf(optimizer: string, name: string, array: HostArray, { dtype, shape }: Parameter): Buffer {
  const expected = `${dtype} [${shape.join(', ')}]`
  const got = `${array.dtype} [${array.shape.join(', ')}]`
  if (got === expected) return new Buffer(array)
  throw new ShapeError(
    `Cannot load the state of "${optimizer}": expected ${expected} for "${name}", got ${got}`,
    [shape, array.shape],
  )
}
