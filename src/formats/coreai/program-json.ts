import type { Attributes, AttributeValue } from '../../ir/attributes.ts'
import type { Dim } from '../../ir/dim.ts'
import type { Graph, GraphInput } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/node.ts'
import type { Scope } from '../../ir/scope.ts'
import type { OutputTree } from '../../nn/output-tree.ts'
import { ExportError } from '../../quantization/export-error.ts'
import type { DType } from '../../tensor/dtype.ts'
import { numberOfDType } from '../pt2/tensor-meta.ts'
import { atenCall, type CallArgument, type ProgramCall } from './aten-call.ts'
import { coreaiCall } from './coreai-call.ts'
import { SizeNames, soleSymbol } from './size-json.ts'

/** A parameter or buffer as a program declares it. */
export interface ProgramState {
  readonly input: GraphInput
  /** Dotted name in the program. */
  readonly path: string
  readonly isParameter: boolean
  /** Its type, where the file holds it in another form than the graph. */
  readonly type: { readonly shape: readonly number[]; readonly dtype: DType }
}

/** What a program is made of. */
export interface ProgramParts {
  readonly graph: Graph
  readonly states: readonly ProgramState[]
  readonly inputTrees: readonly OutputTree[]
  readonly outputTree: OutputTree
  readonly metadata: Readonly<Record<string, string>>
}

const LEAF = { type: null, context: null, children_spec: [] }

/** The JSON text of a program of `torch.export`. */
export function programJson(parts: ProgramParts): string {
  return textOf(new ProgramWriter(parts).program())
}

class ProgramWriter {
  readonly #parts: ProgramParts
  readonly #sizes = new SizeNames()
  readonly #names = new Map<Value, string>()
  readonly #taken = new Set<string>()
  readonly #tensors: Record<string, object> = {}
  readonly #symInts: Record<string, object> = {}
  readonly #nodes: object[] = []
  /** Names of the values that hold sizes. */
  readonly #sizeValues = new Map<string, string>()

  constructor(parts: ProgramParts) {
    this.#parts = parts
  }

  program(): object {
    const { graph, metadata } = this.#parts
    const inputs = this.#declareInputs()
    for (const node of graph.nodes) this.#writeNode(node)
    const outputs = graph.outputs.map((value) => ({ as_tensor: { name: this.#nameOf(value) } }))
    return {
      graph_module: {
        graph: {
          inputs: inputs.map(({ name }) => ({ as_tensor: { name } })),
          outputs,
          nodes: this.#nodes,
          tensor_values: this.#tensors,
          sym_int_values: this.#symInts,
          sym_bool_values: {},
          is_single_tensor_return: false,
          custom_obj_values: {},
          sym_float_values: {},
        },
        signature: {
          input_specs: inputs.map(({ spec }) => spec),
          output_specs: outputs.map((arg) => ({ user_output: { arg } })),
        },
        module_call_graph: [{ fqn: '', signature: this.#signature() }],
        metadata,
        treespec_namedtuple_fields: {},
      },
      opset_version: { aten: 10 },
      range_constraints: this.#sizes.ranges(),
      schema_version: { major: 8, minor: 20 },
      verifiers: ['TRAINING'],
      torch_version: '2.15.0',
      guards_code: [],
    }
  }

  #declareInputs(): { readonly name: string; readonly spec: object }[] {
    const { graph, states } = this.#parts
    const declared = states.map(({ input, path, isParameter, type }) => {
      const name = this.#define(input.value, `${isParameter ? 'p' : 'b'}_${path}`)
      this.#tensors[name] = this.#sizes.tensorJson(type, isParameter && type.dtype.startsWith('float'))
      const arg = { name }
      const spec = isParameter
        ? { parameter: { arg, parameter_name: path } }
        : { buffer: { arg, buffer_name: path, persistent: true } }
      return { name, spec }
    })
    const users = graph.inputs.filter(({ kind }) => kind === 'input')
    const given = users.map(({ value, name: own }) => {
      const name = this.#define(value, own)
      this.#tensors[name] = this.#sizes.tensorJson(value)
      return { name, spec: { user_input: { arg: { as_tensor: { name } } } } }
    })
    return [...declared, ...given]
  }

  #writeNode(node: Node): void {
    const call = programCall(node)
    if (call === undefined)
      throw new RangeError(
        `Cannot write "${node.name}": expected a call of ATen, got ${node.op.name} (a bug in lowbit)`,
      )
    const inputs = call.arguments.map(({ name, argument, isKeyword }) => ({
      name,
      arg: this.#argumentJson(argument, node.attrs),
      kind: isKeyword ? 2 : 1,
    }))
    const names = node.outputs.slice(0, call.outputCount).map((value, i) => {
      const name = this.#define(value, call.outputCount > 1 ? `${node.name}_${i}` : node.name)
      this.#tensors[name] = this.#sizes.tensorJson(value)
      return { name }
    })
    this.#nodes.push({
      target: call.target,
      inputs,
      outputs: call.returnsList ? [{ as_tensors: names }] : names.map((name) => ({ as_tensor: name })),
      metadata: { nn_module_stack: stackText(node.scope) },
      is_hop_single_tensor_return: null,
      name: node.name,
    })
  }

  #argumentJson(argument: CallArgument, attrs: Attributes): object {
    switch (argument.kind) {
      case 'tensor':
        return argument.value === null
          ? { as_none: true }
          : { as_tensor: { name: this.#nameOf(argument.value) } }
      case 'tensors':
        return argument.values.includes(null)
          ? {
              as_optional_tensors: argument.values.map((value) =>
                value === null ? { as_none: true } : { as_tensor: { name: this.#nameOf(value) } },
              ),
            }
          : {
              as_tensors: argument.values.map((value) => ({
                name: value === null ? '' : this.#nameOf(value),
              })),
            }
      case 'dtype':
        return argument.dtype === null
          ? { as_none: true }
          : { as_scalar_type: numberOfDType(argument.dtype as DType) }
      default:
        return this.#constantJson(argument.value, argument.isFloat, attrs)
    }
  }

  #constantJson(value: AttributeValue, isFloat: boolean, attrs: Attributes): object {
    if (value === null) return { as_none: true }
    if (typeof value === 'string') return { as_string: value }
    if (typeof value === 'boolean') return { as_bool: value }
    if (typeof value === 'number')
      return isFloat || !Number.isInteger(value) ? { as_float: value } : { as_int: value }
    if (isSize(value)) return { as_sym_int: { as_name: this.#sizeValue(value) } }
    const sizes = value as readonly Dim[]
    if (sizes.every((size) => typeof size === 'number'))
      return sizes.every(Number.isInteger) ? { as_ints: sizes } : { as_floats: sizes }
    const composite = sizes.filter((size) => typeof size !== 'number' && soleSymbol(size) === undefined)
    // A reshape works one size out by itself.
    const isReshape = 'shape' in attrs || 'size' in attrs
    const json = (size: Dim) =>
      typeof size === 'number'
        ? { as_int: size }
        : isReshape && composite.length === 1 && composite[0] === size
          ? { as_int: -1 }
          : { as_name: this.#sizeValue(size) }
    return { as_sym_ints: sizes.map(json) }
  }

  /** The name of a value that holds a size: that of a dimension of an input. */
  #sizeValue(size: Dim): string {
    const key = String(size)
    const known = this.#sizeValues.get(key)
    if (known !== undefined) return known
    for (const { value, kind } of this.#parts.graph.inputs) {
      const dim = kind === 'input' ? value.shape.findIndex((each) => String(each) === key) : -1
      if (dim < 0) continue
      const name = this.#fresh('sym_size_int')
      this.#symInts[name] = this.#sizes.sizeJson(size)
      this.#nodes.push({
        target: 'torch.ops.aten.sym_size.int',
        inputs: [
          { name: 'self', arg: { as_tensor: { name: this.#nameOf(value) } }, kind: 1 },
          { name: 'dim', arg: { as_int: dim }, kind: 1 },
        ],
        outputs: [{ as_sym_int: { as_name: name } }],
        metadata: {},
        is_hop_single_tensor_return: null,
        name,
      })
      this.#sizeValues.set(key, name)
      return name
    }
    throw new RangeError(`Cannot write a program: expected a size that an input has, got ${key}`)
  }

  #signature(): object {
    const { graph, inputTrees, outputTree } = this.#parts
    const args = { type: 'builtins.tuple', context: 'null', children_spec: inputTrees.map(treeSpec) }
    const keywords = { type: 'builtins.dict', context: '[]', children_spec: [] }
    const all = { type: 'builtins.tuple', context: 'null', children_spec: [args, keywords] }
    const users = graph.inputs.filter(({ kind }) => kind === 'input').map(({ name }) => name)
    return {
      inputs: [],
      outputs: [],
      in_spec: JSON.stringify([1, all]),
      out_spec: JSON.stringify([1, treeSpec(outputTree)]),
      forward_arg_names: users.length === inputTrees.length ? users : inputTrees.map((_, i) => `arg_${i}`),
    }
  }

  #define(value: Value, candidate: string): string {
    const name = this.#fresh(candidate.replaceAll(/\W/g, '_'))
    this.#names.set(value, name)
    return name
  }

  #fresh(candidate: string): string {
    let name = candidate
    for (let i = 1; this.#taken.has(name); i++) name = `${candidate}_${i}`
    this.#taken.add(name)
    return name
  }

  #nameOf(value: Value): string {
    const name = this.#names.get(value)
    if (name !== undefined) return name
    throw new RangeError('Cannot write a program: expected a value to be computed before (a bug in lowbit)')
  }
}

function isSize(value: AttributeValue): value is Dim {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws ExportError for a tensor that is absent */
function treeSpec(tree: OutputTree): object {
  if (tree === null)
    throw new ExportError('Cannot write an exported program: expected tensors alone, got null among them', [])
  if (typeof tree === 'number') return LEAF
  if (Array.isArray(tree))
    return { type: 'builtins.list', context: 'null', children_spec: tree.map(treeSpec) }
  const entries = Object.entries(tree)
  return {
    type: 'builtins.dict',
    context: JSON.stringify(entries.map(([key]) => key)),
    children_spec: entries.map(([, entry]) => treeSpec(entry)),
  }
}

/** The modules of a node, outermost first: `key,path,class;key,path,class`. */
function stackText(scope: Scope | undefined): string {
  const entries: string[] = []
  for (let at = scope; at !== undefined; at = at.parent)
    entries.unshift(
      `L__self__${at.path.replaceAll('.', '_')},${at.path},${at.className.replaceAll(/[,;]/g, '_')}`,
    )
  return entries.join(';')
}

/** JSON with the infinities and NaN that Python's reader takes. */
function textOf(program: object): string {
  const marked = JSON.stringify(program, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? `\u0000${value}` : value,
  )
  return marked.replaceAll(/"\\u0000(-?Infinity|NaN)"/g, '$1')
}

/** The call that stands for a node, if a program can hold it. */
export function programCall(node: Node): ProgramCall | undefined {
  return coreaiCall(node) ?? atenCall(node)
}
