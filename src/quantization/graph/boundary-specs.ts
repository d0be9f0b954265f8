import type { Node, Value } from '../../ir/node.ts'
import type { Scope } from '../../ir/scope.ts'
import type { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { type StateSpecs, specFor, type TensorSpecs } from '../config/tensor-specs.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import { type Annotations, annotationOf, overwritten } from './annotation.ts'
import { type GraphView, isQuantizable, outputOf } from './graph-view.ts'
import type { ConfigLevel, ModuleTable } from './module-table.ts'
import type { StateIndex } from './state-index.ts'

/** What boundary specs are applied to. */
interface Bounding {
  readonly view: GraphView
  readonly states: StateIndex
  readonly annotations: Annotations
  readonly modules: ModuleTable<ModuleQuantizerConfig>
}

/**
 * Applies the specs that modules have for what enters and leaves them and for their own states. They win over everything before: first those of
 * modules configured by type, then by name. Null leaves a place unquantized; places that
 * shared its observer keep it.
 */
export function applyBoundarySpecs(context: Bounding): void {
  const claims = [...context.modules.values()]
  const members = new Members(context.view)
  for (const level of ['type', 'name'] as const) {
    for (const { path, config } of claims.filter((claim) => claim.level === level)) {
      if (config.moduleInputSpec.size > 0) setInputs(context, members.of(path), config.moduleInputSpec)
      if (config.moduleOutputSpec.size > 0) setOutputs(context, members.of(path), config.moduleOutputSpec)
    }
  }
  if (claims.some(({ config }) => config.moduleStateSpec.size > 0)) setStates(context)
}

/** The nodes of each module, those of modules inside of it included. */
class Members {
  readonly #byPath = new Map<string, Set<Node>>()

  constructor(view: GraphView) {
    for (const node of view.nodes) {
      const paths = new Set<string>()
      for (let scope: Scope | undefined = node.scope; scope !== undefined; scope = scope.parent)
        paths.add(scope.path)
      for (const path of paths) {
        const nodes = this.#byPath.get(path)
        if (nodes === undefined) this.#byPath.set(path, new Set([node]))
        else nodes.add(node)
      }
    }
  }

  of(path: string): ReadonlySet<Node> {
    return this.#byPath.get(path) ?? new Set()
  }
}

function setInputs(context: Bounding, members: ReadonlySet<Node>, specs: TensorSpecs): void {
  const { view } = context
  const entering = [...members].flatMap((node) =>
    view.reads(node).flatMap((value) => {
      const isOutside = value.node === null || !members.has(value.node)
      return isOutside && !view.isState(value) ? [{ node, value }] : []
    }),
  )
  entering.forEach(({ node, value }, i) => {
    const spec = specFor(specs, i)
    if (spec !== undefined) setInput(context, node, value, spec, 'activation')
  })
}

function setOutputs(context: Bounding, members: ReadonlySet<Node>, specs: TensorSpecs): void {
  const { view, annotations } = context
  const leaving = [...members].filter(
    (node) => view.isOutput(outputOf(node)) || view.readers(node).some((reader) => !members.has(reader)),
  )
  leaving.forEach((node, i) => {
    const spec = specFor(specs, i)
    if (spec === undefined || !isQuantizable(outputOf(node))) return
    const annotation = annotationOf(annotations, view, node)
    annotation.output = overwritten(annotation.output, spec, 'activation')
  })
}

function setStates(context: Bounding): void {
  const { view, states } = context
  for (const { value, kind } of view.graph.inputs) {
    if (kind !== 'state' || !isQuantizable(value)) continue
    const spec = stateSpec(context, value, states)
    if (spec === undefined) continue
    for (const reader of view.users(value)) setInput(context, reader, value, spec, 'weight')
  }
}

/** The entry of the strongest module that owns a state and says anything about it. */
function stateSpec(
  { modules }: Bounding,
  state: Value,
  states: StateIndex,
): QuantizationSpec | null | undefined {
  const owners = states.owners(state)
  const order: readonly ConfigLevel[] = ['name', 'type', 'global']
  const claims = owners.flatMap(({ module, name }) => {
    const claim = modules.get(module)
    return claim === undefined ? [] : [{ ...claim, name }]
  })
  claims.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level) || a.rank - b.rank)
  for (const { path, config } of claims) {
    const names = owners.filter(({ module }) => module === path).map(({ name }) => name)
    const spec = specAmong(config.moduleStateSpec, names)
    if (spec !== undefined) return spec
  }
  return undefined
}

function specAmong(specs: StateSpecs, names: readonly string[]): QuantizationSpec | null | undefined {
  const named = names.find((name) => specs.has(name))
  return specs.get(named ?? '*')
}

function setInput(
  { view, annotations }: Bounding,
  node: Node,
  value: Value,
  spec: QuantizationSpec | null,
  target: QuantizationTarget,
): void {
  if (!isQuantizable(value)) return
  const input = annotationOf(annotations, view, node).inputs.find((entry) => entry.value === value)
  if (input !== undefined) input.placement = overwritten(input.placement, spec, target)
}
