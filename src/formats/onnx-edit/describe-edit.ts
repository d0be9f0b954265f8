import { create } from '@bufbuild/protobuf'
import { type ModelProto, StringStringEntryProtoSchema } from '../../codec/onnx.ts'
import { recipeEntry } from '../onnx/metadata.ts'
import { version } from '../version.ts'
import type { NamedValue } from './plan-edit.ts'
import { dequantizerOf } from './quantized-values.ts'
import type { SourceMatch } from './source-match.ts'

/** Adds to a model's metadata what quantized it, and under `lowbit.recipe`, as JSON, how each of its tensors is quantized. */
export function describeEdit(model: ModelProto, named: readonly NamedValue[], match: SourceMatch): void {
  const recipe = named.flatMap(({ value, name, original }) => {
    const node = dequantizerOf(value)
    const entry = node && recipeEntry(node, match.nameOf(original) ?? name)
    return entry ? [entry] : []
  })
  if (recipe.length === 0) return
  const entries = new Map([
    ['lowbit.version', version],
    ['lowbit.recipe', JSON.stringify(recipe)],
  ])
  const others = model.metadataProps.filter(({ key }) => !entries.has(key))
  model.metadataProps = [
    ...others,
    ...Array.from(entries, ([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  ]
}
