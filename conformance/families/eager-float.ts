import { type AnyModule, ExecutionMode, listEagerOps, Module, Quantizer } from 'lowbit'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { buildModel } from '../models/build-model.ts'
import { compareRuns } from './eager-numbers.ts'
import { CaseInputs } from './graph-case.ts'
import { readRecorded, readTensors } from './graph-recordings.ts'
import { compareDicts } from './recorded-dicts.ts'

/** What model.json says of a model. */
interface RecordedModel {
  readonly modules: readonly {
    readonly name: string
    readonly type: string
    readonly same_object_as?: string
  }[]
  readonly tied_states: readonly (readonly string[])[]
  readonly inspector_eager_ops: {
    /** Operations that settings of operations reach; those of one module stand in order. */
    readonly quantizable: readonly (readonly [name: string, type: string, module: string])[]
  }
}

/** Package of the classes that PyTorch has. */
const TORCH = 'torch.nn.'

/** Checks a model before any quantization: its modules, the states that are one tensor, names of its operations, and what it computes. */
export async function checkEagerFloat(context: PartContext): Promise<Divergence | undefined> {
  const { modelFolder } = context
  const model = buildModel(context)
  const recorded = readRecorded<RecordedModel>(modelFolder, 'model.json')
  const structure = compareModules(recorded, model) ?? compareTies(recorded, model)
  if (structure !== undefined) return structure
  const inputs = new CaseInputs(readTensors(modelFolder, 'inputs.safetensors'))
  const operations = await compareOperations(recorded, model, inputs.at('example.0'))
  if (operations !== undefined) return operations
  const expected = readTensors(modelFolder, 'float_outputs.safetensors')
  const rule = { isQuantized: false, steps: new Map<number, number>(), minSnrDb: 0 }
  return compareRuns(model, inputs.batches('eval'), expected, 'float', rule)
}

/** Names and aliases of all modules, and the classes of those that PyTorch has. */
function compareModules({ modules }: RecordedModel, model: AnyModule): Divergence | undefined {
  const types = new Map(modules.map(({ name, type }) => [name, type]))
  const firstNames = new Map<AnyModule, string>()
  const got = Array.from(model.namedModules({ aliases: true }), ([name, module]) => {
    const first = firstNames.get(module)
    if (first === undefined) firstNames.set(module, name)
    const isTorch = types.get(name)?.startsWith(TORCH) ?? true
    return { name, type: isTorch ? module.constructor.name : null, first: first ?? null }
  })
  const expected = modules.map(({ name, type, same_object_as: first }) => ({
    name,
    type: type.startsWith(TORCH) ? type.slice(type.lastIndexOf('.') + 1) : null,
    first: first ?? null,
  }))
  return compareDicts('modules', expected, got)
}

async function compareOperations(
  { inspector_eager_ops: { quantizable } }: RecordedModel,
  model: AnyModule,
  example: readonly unknown[],
): Promise<Divergence | undefined> {
  const ops = (await listEagerOps(model, example)).filter(({ isQuantizable }) => isQuantizable)
  const own = ops.map(({ name, type, module }): readonly [string, string, string] => [name, type, module])
  const divergence = compareDicts('ops', byModule(quantizable), byModule(own))
  if (divergence !== undefined) return divergence
  const names = await Quantizer.getCompressibleOpNames(model, ExecutionMode.EAGER, example)
  const expected = quantizable.map(([name]) => name).sort()
  return compareDicts('getCompressibleOpNames', expected, [...names].sort())
}

/** Names and types of operations by their modules. */
function byModule(
  ops: readonly (readonly [name: string, type: string, module: string])[],
): Record<string, unknown[]> {
  const modules: Record<string, unknown[]> = {}
  for (const [name, type, module] of ops) {
    modules[module] ??= []
    modules[module].push([name, type])
  }
  return modules
}

function compareTies({ tied_states: expected }: RecordedModel, model: AnyModule): Divergence | undefined {
  const names = new Map<unknown, string[]>()
  for (const [path, module] of model.namedModules({ aliases: true })) {
    for (const [name, member] of module.members()) {
      if (member instanceof Module) continue
      const full = path === '' ? name : `${path}.${name}`
      names.set(member, [...(names.get(member) ?? []), full])
    }
  }
  const tied = [...names.values()].filter(({ length }) => length > 1)
  return compareDicts('tied_states', expected, tied)
}
