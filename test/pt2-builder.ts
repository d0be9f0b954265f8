import { buildZip, type ZipPart } from './zip-builder.ts'

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null

/** The parts of a small program: `linear(x)` of [2, 3] to [2, 4], then `relu`. */
export interface ProgramParts {
  /** models/model.json */
  readonly program: Json
  readonly weights: Json
  /** Contents of the files beside it, by path. */
  readonly files: Readonly<Record<string, string | Uint8Array>>
}

/** The parts as a sound archive has them. */
export function soundProgram(): ProgramParts {
  const input = (name: string, tensor: string) => ({ name, arg: { as_tensor: { name: tensor } }, kind: 1 })
  const metadata = { nn_module_stack: 'L__self__,,Net;L__self__fc,fc,torch.nn.modules.linear.Linear' }
  const node = (name: string, target: string, inputs: Json) => ({
    name,
    target: `torch.ops.aten.${target}.default`,
    inputs,
    outputs: [{ as_tensor: { name } }],
    metadata,
  })
  const leaf = '{"type": null, "context": null, "children_spec": []}'
  const tuple = (children: string) =>
    `{"type": "builtins.tuple", "context": "null", "children_spec": [${children}]}`
  const dict = '{"type": "builtins.dict", "context": "[]", "children_spec": []}'
  const graph = {
    inputs: [],
    outputs: [],
    nodes: [
      node('linear', 'linear', [input('input', 'x'), input('weight', 'p_w'), input('bias', 'p_b')]),
      node('relu', 'relu', [input('self', 'linear')]),
    ],
    tensor_values: {
      x: meta([2, 3]),
      p_w: meta([4, 3]),
      p_b: meta([4]),
      linear: meta([2, 4]),
      relu: meta([2, 4]),
    },
    sym_int_values: {},
  }
  const signature = {
    input_specs: [
      { parameter: { arg: { name: 'p_w' }, parameter_name: 'fc.weight' } },
      { parameter: { arg: { name: 'p_b' }, parameter_name: 'fc.bias' } },
      { user_input: { arg: { as_tensor: { name: 'x' } } } },
    ],
    output_specs: [{ user_output: { arg: { as_tensor: { name: 'relu' } } } }],
  }
  const call = { in_spec: `[1, ${tuple(`${tuple(leaf)}, ${dict}`)}]`, out_spec: `[1, ${leaf}]` }
  const program = {
    schema_version: { major: 8, minor: 20 },
    range_constraints: {},
    graph_module: {
      graph,
      signature,
      module_call_graph: [
        { fqn: '', signature: call },
        { fqn: 'fc', signature: null },
      ],
    },
  }
  const stored = (file: string, shape: number[]) => ({
    path_name: file,
    is_param: true,
    use_pickle: false,
    tensor_meta: meta(shape),
  })
  return {
    program,
    weights: { config: { 'fc.weight': stored('weight_0', [4, 3]), 'fc.bias': stored('weight_1', [4]) } },
    files: {
      archive_format: 'pt2',
      byteorder: 'little',
      'data/weights/weight_0': new Uint8Array(48),
      'data/weights/weight_1': new Uint8Array(16),
    },
  }
}

/** What a program says of a float32 tensor. */
export function meta(shape: readonly number[]): { [key: string]: Json } {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, size) => product * size, 1))
  const ints = (values: readonly number[]) => values.map((value) => ({ as_int: value }))
  return {
    dtype: 7,
    sizes: ints(shape),
    strides: ints(strides),
    storage_offset: { as_int: 0 },
    layout: 7,
    requires_grad: true,
  }
}

/** The archive. */
export function buildProgram(
  { program, weights, files }: ProgramParts,
  root = 'model',
): Uint8Array<ArrayBuffer> {
  const contents = {
    'models/model.json': JSON.stringify(program),
    'data/weights/model_weights_config.json': JSON.stringify(weights),
    ...files,
  }
  return buildZip(
    Object.entries(contents).map(([name, content]): ZipPart => ({ name: `${root}/${name}`, content })),
  )
}

/** The parts with the value at a dotted path replaced, or removed for undefined: `program.graph_module.graph.nodes.0.name`. */
export function withValue(path: string, value: unknown, parts: ProgramParts = soundProgram()): ProgramParts {
  const copy = structuredClone(parts)
  const keys = path.split('|').length > 1 ? path.split('|') : path.split('.')
  const last = keys.pop() ?? ''
  let at: unknown = copy
  for (const key of keys) at = Reflect.get(Object(at), key)
  if (value === undefined) Reflect.deleteProperty(Object(at), last)
  else
    Object.defineProperty(Object(at), last, { value, enumerable: true, configurable: true, writable: true })
  return copy
}
