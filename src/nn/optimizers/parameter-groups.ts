import { Parameter } from '../parameter.ts'

/** Parameters that are learned with the same options. */
export interface ParameterGroup<O> {
  readonly parameters: readonly Parameter[]
  options: O
}

/** Parameters, or groups of them with options that differ from the optimizer's. */
export type ParameterGroups<O> =
  | Iterable<Parameter>
  | Iterable<Partial<O> & { readonly params: Iterable<Parameter> }>

/**
 * Groups with all their options.
 * @throws RangeError when there is no parameter, or one is in two groups
 */
export function makeGroups<O>(
  optimizer: string,
  given: ParameterGroups<O>,
  defaults: O,
): ParameterGroup<O>[] {
  const groups: ParameterGroup<O>[] = []
  const single: Parameter[] = []
  for (const entry of given) {
    if (entry instanceof Parameter) single.push(entry)
    else {
      const { params, ...options } = entry
      groups.push({ parameters: [...params], options: { ...defaults, ...options } })
    }
  }
  if (single.length > 0) groups.unshift({ parameters: single, options: defaults })
  check(optimizer, groups)
  return groups
}

function check(optimizer: string, groups: readonly ParameterGroup<unknown>[]): void {
  const all = groups.flatMap(({ parameters }) => parameters)
  if (all.length === 0) throw new RangeError(`Cannot make a "${optimizer}": expected parameters, got none`)
  if (new Set(all).size === all.length) return
  throw new RangeError(`Cannot make a "${optimizer}": expected every parameter once, got one twice`)
}
