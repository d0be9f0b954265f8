import { describe, expect, test } from 'vitest'
import { QuantizerConfig } from '../src/quantization/config/quantizer-config.ts'
import { type AnnotatedGraph, annotate } from '../src/quantization/graph/annotate.ts'
import type { ObserverSpec, Placement } from '../src/quantization/graph/annotation.ts'
import { GraphView } from '../src/quantization/graph/graph-view.ts'
import { compressibleNames, findMatches } from '../src/quantization/graph/match.ts'
import { defaultPatterns } from '../src/quantization/graph/patterns.ts'
import { type FixtureGraph, readFixtureGraph } from './fixture-graph.ts'
import {
  exportedModel,
  type GraphCase,
  graphCases,
  graphModels,
  type RecordedPlace,
  type RecordedPreparation,
} from './graph-fixtures.ts'

for (const model of graphModels()) {
  describe(model, () => {
    test('compressibleNames() gives the operations that the reference can quantize', () => {
      const { compressible_op_names_graph: names = [], ...exported } = exportedModel(model)
      const view = new GraphView(readFixtureGraph(exported).graph)
      const found = compressibleNames(findMatches(view, defaultPatterns))
      if (names.length > 0) expect([...found].sort()).toEqual([...names].sort())
    })
    for (const each of graphCases(model)) {
      test(`annotate() follows "${each.config}" as the reference does`, () => check(each))
    }
  })
}

function check({ exported, settings, prepared }: GraphCase): void {
  const fixture = readFixtureGraph(exported)
  const config = QuantizerConfig.fromDict(settings)
  const result = annotate({ ...fixture, config, patterns: defaultPatterns, logger: { warn: () => {} } })
  expect(winning(result)).toEqual(recordedWinning(prepared))
  const order = result.candidates.map(({ match }) => [match.key.name, match.nodes.length])
  expect(order).toEqual(prepared.match_order.map(({ node, pattern_length: length }) => [node, length]))
  expect(annotated(fixture, result)).toEqual(recorded(prepared))
}

function winning({ winners }: AnnotatedGraph): Record<string, unknown> {
  return Object.fromEntries(
    Array.from(winners, ([node, { priority, isPrimary, group }]) => [
      node.name,
      { priority, primary: isPrimary, group: Array.from(group, ({ name }) => name).sort() },
    ]),
  )
}

function recordedWinning({ winning: entries }: RecordedPreparation): Record<string, unknown> {
  return Object.fromEntries(
    entries.map(({ node, priority, primary, group }) => [
      node,
      { priority, primary, group: [...group].sort() },
    ]),
  )
}

/** Annotations as a recording has them, without what says nothing. */
function annotated({ names }: FixtureGraph, { annotations }: AnnotatedGraph): Record<string, unknown> {
  const places = new Map<Placement, unknown>()
  for (const [node, { inputs, output }] of annotations) {
    for (const { value, placement } of inputs)
      if (placement) places.set(placement, { edge: [names.get(value), node.name] })
    if (output) places.set(output, { node: node.name })
  }
  const entry = ({ content }: Placement) =>
    'content' in content ? { shared_with: places.get(content) } : specFields(content)
  const entries = Array.from(annotations, ([node, { inputs, output }]) => {
    const found = inputs.flatMap(({ value, placement }) =>
      placement ? [[names.get(value) ?? '', entry(placement)] as const] : [],
    )
    return [node.name, { inputs: Object.fromEntries(found), output: output && entry(output) }] as const
  })
  return Object.fromEntries(
    entries.filter(([, { inputs, output }]) => output !== null || Object.keys(inputs).length > 0),
  )
}

function specFields({ spec, target }: ObserverSpec): Record<string, unknown> {
  const byDefault = target === 'weight' ? 'static' : 'moving_average'
  return {
    dtype: spec.dtype,
    qscheme: spec.qscheme,
    qformulation: spec.qformulation,
    granularity: spec.granularity.toDict(),
    quant_min: spec.quantMin,
    quant_max: spec.quantMax,
    qparam_calculator: spec.qparamCalculator === 'default' ? byDefault : spec.qparamCalculator,
    range_calculator: spec.rangeCalculator,
    float_range: [...spec.floatRange],
    scale_dtype: spec.scaleDtype,
    target,
  }
}

function recorded({ annotations, spec_table: table }: RecordedPreparation): Record<string, unknown> {
  const entry = (place: Exclude<RecordedPlace, null>) => {
    if ('shared_with' in place) return place
    const { averaging_constant: _, n_bits: __, target_dtype: ___, ...fields } = table[place.spec_id] ?? {}
    return fields
  }
  const entries = annotations.map(({ node, inputs, output }) => {
    const found = inputs.flatMap(([name, place]) => (place ? [[name, entry(place)] as const] : []))
    return [node, { inputs: Object.fromEntries(found), output: output && entry(output) }] as const
  })
  return Object.fromEntries(
    entries.filter(([, { inputs, output }]) => output !== null || Object.keys(inputs).length > 0),
  )
}
