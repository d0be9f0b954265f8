import type { AnyModule } from 'lowbit'
import type { Divergence } from '../divergence.ts'
import { compareDicts } from './recorded-dicts.ts'

/** A module as it was recorded. */
export type RecordedModule = readonly [name: string, type: string]

/** Prefix of the class that the reference makes for a module whose states are computed; the class stays what it was here. */
const PARAMETRIZED = 'Parametrized'
const FAKE_QUANTIZER = '_DefaultFakeQuantizeImpl'
/** Classes of the reference, and what stands in their places here. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  [FAKE_QUANTIZER]: ['FakeQuantize'],
  ModuleDict: ['Container'],
  WeightDequantizeModuleParametrization: ['CoreAIWeight'],
  ActivationQuantizeModule: ['CoreAIQuantize'],
  ActivationDequantizeModule: ['CoreAIDequantize'],
  _MILActivationQuantizeModule: ['CoreMLQuantize'],
  _MILActivationDequantizeModule: ['CoreMLDequantize'],
  Sequential: ['Sequential', 'CoreAIActivation', 'CoreMLActivation'],
}
/** Compares the names and classes of all modules; what is inside of fake quantizers does not count. */
export function compareModuleTree(
  where: string,
  recorded: readonly RecordedModule[],
  model: AnyModule,
): Divergence | undefined {
  const modules = [...model.namedModules({ aliases: true })]
  const inner = recorded.flatMap(([path, type]) => (type === FAKE_QUANTIZER ? [`${path}.`] : []))
  const isOutside = (path: string) => !inner.some((prefix) => path.startsWith(prefix))
  const expected = recorded.filter(([path]) => isOutside(path))
  const got = modules.filter(([path]) => isOutside(path))
  const paths = compareDicts(
    where,
    expected.map(([path]) => path),
    got.map(([path]) => path),
  )
  if (paths !== undefined) return paths
  for (const [i, [path, type]] of expected.entries()) {
    const name = got[i]?.[1].constructor.name ?? ''
    const classes = classesFor(type)
    if (!classes.includes(name))
      return { where: `${where} ${path}`, expected: classes.join(' or '), got: name }
  }
  return undefined
}

function classesFor(type: string): readonly string[] {
  return CLASSES[type] ?? [type.startsWith(PARAMETRIZED) ? type.slice(PARAMETRIZED.length) : type]
}
