import type { ModelProto } from '../../codec/onnx.ts'
import type { Value } from '../../ir/node.ts'
import { carrierOf, onnxType } from '../../lowering/onnx-dtype.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { evaluationForm } from '../evaluation-form.ts'
import { type FusedProducts, fuseProducts } from '../onnx/matmul-nbits.ts'
import { stateName } from '../onnx/state-initializer.ts'
import type { OnnxSource } from '../onnx-reader/onnx-source.ts'
import { graphOf, opsetOf } from '../onnx-reader/read-model.ts'
import { applyEdit } from './apply-edit.ts'
import { changedStates } from './changed-states.ts'
import { describeEdit } from './describe-edit.ts'
import { opsetFor } from './edit-opset.ts'
import { inFileLayout } from './file-layout.ts'
import { FileTypes } from './file-types.ts'
import { FreshNames } from './fresh-names.ts'
import { type NewState, writeNewNodes } from './new-nodes.ts'
import { type EditPlan, type NamedValue, planEdit } from './plan-edit.ts'
import { quantizedNames } from './quantized-names.ts'
import { SourceMatch } from './source-match.ts'
import { StateReader } from './state-reader.ts'

/** How a file is edited. */
export interface EditOptions {
  readonly opset?: number | undefined
  readonly matMulNBits: boolean
}

/**
 * The file that a model came from with the changes that were made to the model since: quantizers are put between its nodes, quantized parameters take the
 * place of its tensors, and what cannot be told as such a change, such as a convolution with a folded batch norm, is written anew. Everything else stays as it
 * is: nodes, names, inputs, outputs, metadata, and the opset unless something needs a newer one.
 * @throws ExportError for an opset that is too old
 */
export async function editedModel(
  module: GraphModule,
  source: OnnxSource,
  { opset: asked, matMulNBits }: EditOptions,
): Promise<ModelProto> {
  const evaluated = evaluationForm(module.graph)
  const states = new StateReader(module, asked ?? opsetOf(source.model))
  const graph: FusedProducts = matMulNBits
    ? await fuseProducts(evaluated.nodes, evaluated.outputs, (value) => states.named(value))
    : { ...evaluated, constants: [] }
  for (const { value, content } of graph.constants) states.add(value, content)
  const changed = await changedStates(module, evaluated.inputs, source)
  const match = new SourceMatch(source, (path) => changed.has(path))
  const fresh = new FreshNames(graphOf(source.model))
  const plan = planEdit(graph, source, match, fresh)
  const layout = await fileLayout(plan, match, states)
  const parts = quantizedNames(basesOf(layout, match), (name) => fresh.like(name))
  const added = await writeNewNodes({
    named: layout,
    inner: parts.results,
    nameOf: (value) => fileNameOf(value, plan, match, states),
    stateOf: (value) => newState(value, { source, changed, parts: parts.states, states, fresh }),
    types: new FileTypes(graphOf(source.model)),
    fresh,
  })
  const opset = opsetFor(source.model, added, asked)
  const model = applyEdit({ source, plan, match, added, opset, changed, fresh })
  describeEdit(model, layout, match)
  return model
}

/** What stands for a parameter that the file has transposed is made the way the file has it. */
async function fileLayout(
  { named }: EditPlan,
  match: SourceMatch,
  states: StateReader,
): Promise<readonly NamedValue[]> {
  const result: NamedValue[] = []
  for (const each of named) {
    if (match.state(each.original)?.isTransposed !== true) {
      result.push(each)
      continue
    }
    const { value, made } = await inFileLayout(each.value, (state) => states.content(state))
    for (const state of made) states.add(state.value, state.content)
    result.push({ ...each, value })
  }
  return result
}

function basesOf(named: readonly NamedValue[], match: SourceMatch): Map<Value, string> {
  return new Map(named.map(({ value, name, original }) => [value, match.nameOf(original) ?? name]))
}

/** What the edited file calls a value that its own nodes make, or that is its input. */
function fileNameOf(
  value: Value,
  { rewritten, renamed }: EditPlan,
  match: SourceMatch,
  states: StateReader,
): string | undefined {
  if (states.has(value) || (value.node !== null && rewritten.has(value.node))) return undefined
  const name = match.nameOfCopy(value)
  return name === undefined ? undefined : (renamed.get(name) ?? name)
}

interface StateContext {
  readonly source: OnnxSource
  readonly changed: ReadonlyMap<string, unknown>
  readonly parts: ReadonlyMap<Value, string>
  readonly states: StateReader
  readonly fresh: FreshNames
}

/** A parameter or buffer that new nodes read: the file's own tensor where it is the same one, else a new one. */
async function newState(
  value: Value,
  { source, changed, parts, states, fresh }: StateContext,
): Promise<NewState> {
  const path = states.pathOf(value)
  const own = source.states.find((state) => state.path === path)
  const tensor = graphOf(source.model).initializer.find(({ name }) => name === own?.source)
  const isFiles =
    path !== undefined && !changed.has(path) && tensor?.dataType === onnxType(carrierOf(value.dtype))
  if (isFiles && own?.isTransposed === false) return { name: tensor.name }
  const name = parts.get(value) ?? fresh.like(stateName(path ?? 'constant'))
  return { name, content: await states.content(value) }
}
