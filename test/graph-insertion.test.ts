import { describe, expect, test } from 'vitest'
import type { Graph } from '../src/ir/graph.ts'
import type { Node, Value } from '../src/ir/node.ts'
import { assignState } from '../src/nn/assign-state.ts'
import { callModule } from '../src/nn/call-module.ts'
import { GraphModule } from '../src/nn/graph-module.ts'
import { QuantizerConfig } from '../src/quantization/config/quantizer-config.ts'
import { defaultPatterns } from '../src/quantization/graph/patterns.ts'
import { insertObservers, type PlacedCall, removeCalls } from '../src/quantization/graph/prepare.ts'
import { blocksOf } from '../src/quantization/qparams/tensor-blocks.ts'
import { ShapeError } from '../src/tensor/shape-error.ts'
import { type FixtureArgument, type FixtureNode, readFixtureGraph } from './fixture-graph.ts'
import { type GraphCase, graphCases, graphModels } from './graph-fixtures.ts'

for (const model of graphModels()) {
  const cases = graphCases(model)
  if (cases.length === 0) continue
  describe(model, () => {
    for (const each of cases)
      test(`insertObservers() builds for "${each.config}" the reference's graph`, () => check(each))
  })
}

function check({ exported, settings, prepared }: GraphCase): void {
  const { graph, layout } = readFixtureGraph(exported)
  const module = new GraphModule(
    graph,
    graph.outputs.map((_, i) => i),
    { layout },
  )
  const warnings: string[] = []
  const logger = { warn: (message: string) => warnings.push(message) }
  const { placed } = insertObservers(module, {
    config: QuantizerConfig.fromDict(settings),
    patterns: defaultPatterns,
    logger,
  })
  const mismatched = placed.filter(isMismatched)
  removeCalls(module, new Set(mismatched.map(({ node }) => node)))
  const left = placed.filter((call) => !mismatched.includes(call))
  expect(describeCalls(left)).toEqual(describeRecorded(prepared.fake_quants))
  expect(countModules(left)).toEqual(prepared.module_to_fqs)
  expect(warnings.filter((warning) => warning.includes('made per tensor')).length).toBe(
    prepared.log_warnings.forced_per_tensor ?? 0,
  )
  const keys = new KeyTable()
  const [own, theirs] = [keysOf(module.graph, keys), recordedKeys(prepared.graph, keys)]
  expect(own.outputs.map((key) => keys.text(key))).toEqual(theirs.outputs.map((key) => keys.text(key)))
  expect([...own.nodes].map((key) => keys.text(key)).sort()).toEqual(
    [...theirs.nodes].map((key) => keys.text(key)).sort(),
  )
}

/** What the first observation finds out. */
function isMismatched({ node, fakeQuantize }: PlacedCall): boolean {
  const [source] = node.inputs
  try {
    if (source) blocksOf(source.shape, fakeQuantize.granularity, fakeQuantize.target)
    return false
  } catch (error) {
    if (error instanceof ShapeError) return true
    throw error
  }
}

function describeCalls(placed: readonly PlacedCall[]): Record<string, unknown> {
  const objects = groupBy(placed, ({ fakeQuantize }) => fakeQuantize)
  return Object.fromEntries(
    placed.map(({ node, fakeQuantize, module }) => {
      const { spec, target } = fakeQuantize
      const byDefault = target === 'weight' ? 'static' : 'moving_average'
      const shared = objects.get(fakeQuantize) ?? []
      const fields = {
        dtype: spec.dtype,
        qscheme: spec.qscheme,
        qformulation: spec.qformulation,
        granularity: fakeQuantize.granularity.toDict(),
        quant_min: spec.quantMin,
        quant_max: spec.quantMax,
        qparam_calculator: spec.qparamCalculator === 'default' ? byDefault : spec.qparamCalculator,
        float_range: [...spec.floatRange],
        scale_dtype: spec.scaleDtype,
        target,
      }
      return [node.name, { ...fields, module, sharedBy: shared.map(({ node: twin }) => twin.name).sort() }]
    }),
  )
}

function describeRecorded(calls: GraphCase['prepared']['fake_quants']): Record<string, unknown> {
  const objects = groupBy(calls, ({ object }) => object)
  return Object.fromEntries(
    calls.map(({ node, object, module_name: module, spec }) => {
      const {
        n_bits: _,
        target_dtype: __,
        averaging_constant: ___,
        compute_dtype: ____,
        range_calculator: _____,
        resolved_axis: ______,
        ...fields
      } = spec
      const shared = objects.get(object) ?? []
      return [node, { ...fields, module, sharedBy: shared.map((twin) => twin.node).sort() }]
    }),
  )
}

function countModules(placed: readonly PlacedCall[]): Record<string, number> {
  const byModule = groupBy(placed, ({ module }) => module)
  return Object.fromEntries(Array.from(byModule, ([module, calls]) => [module, calls.length]))
}

function groupBy<T, K>(entries: readonly T[], keyOf: (entry: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const entry of entries) groups.set(keyOf(entry), [...(groups.get(keyOf(entry)) ?? []), entry])
  return groups
}

/** Numbers for what nodes compute: equal for equal operations on equal inputs, whatever the nodes are called. */
class KeyTable {
  readonly #keys = new Map<string, number>()
  readonly #texts: string[] = []

  key(text: string): number {
    const known = this.#keys.get(text)
    if (known !== undefined) return known
    this.#keys.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }

  text(key: number): string {
    return `${key}: ${this.#texts[key]}`
  }
}

interface GraphKeys {
  readonly nodes: Set<number>
  readonly outputs: number[]
}

function keysOf(graph: Graph, keys: KeyTable): GraphKeys {
  const values = new Map<Value, number>(graph.inputs.map(({ value, name }) => [value, keys.key(name)]))
  const nodes = new Set<number>()
  for (const node of graph.nodes) {
    if (node.op.name === assignState.name) continue
    const key = keys.key(
      `${nameOf(node)}(${node.inputs.flatMap((input) => (input ? [values.get(input)] : [])).join()})`,
    )
    nodes.add(key)
    node.outputs.forEach((value, i) => {
      values.set(value, i === 0 ? key : keys.key(`${key}#${i}`))
    })
  }
  return { nodes, outputs: graph.outputs.map((value) => values.get(value) ?? -1) }
}

function nameOf({ op, name }: Node): string {
  return op.name === callModule.name ? name : op.name.replace('aten.', '')
}

function recordedKeys(graph: readonly FixtureNode[], keys: KeyTable): GraphKeys {
  const values = new Map<string, number>()
  const nodes = new Set<number>()
  const outputs: number[] = []
  const read = (given: FixtureArgument): number[] => {
    if (Array.isArray(given)) return given.flatMap(read)
    return typeof given === 'object' && given !== null && 'node' in given
      ? [values.get(given.node) ?? -1]
      : []
  }
  for (const { name, op, target, args } of graph) {
    if (op === 'get_attr' || op === 'placeholder') values.set(name, keys.key(target))
    else if (op === 'output') outputs.push(...args.flatMap(read))
    else if (target === 'operator.getitem') {
      const [source = -1] = args.flatMap(read)
      values.set(name, args[1] === 0 ? source : keys.key(`${source}#${String(args[1])}`))
    } else if (!target.startsWith('aten._')) {
      const type = op === 'call_module' ? name : (target.split('.')[1] ?? '').replace(/_$/, '')
      const key = keys.key(`${type}(${args.flatMap(read).join()})`)
      nodes.add(key)
      values.set(name, key)
    }
  }
  return { nodes, outputs }
}
