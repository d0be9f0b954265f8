import { describe, expect, it } from 'vitest'
import { buildProgram, meta, type ProgramParts, soundProgram, withValue } from '../../../test/pt2-builder.ts'
import { FormatError } from '../../codec/format-error.ts'
import { fromHost } from '../../engine/tensor.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { UnsupportedOpError } from '../unsupported-op-error.ts'
import { loadExportedProgram } from './load-exported-program.ts'

const GRAPH = 'program.graph_module.graph'
const SPECS = 'program.graph_module.signature'
const CALLS = 'program.graph_module.module_call_graph'
const WEIGHT = 'weights|config|fc.weight'

function load(parts: ProgramParts): Promise<GraphModule> {
  return loadExportedProgram(new Blob([buildProgram(parts)]))
}

const at = (path: string, value: unknown) => withValue(path, value)
const inGraph = (path: string, value: unknown) => at(`${GRAPH}.${path}`, value)
const inWeight = (path: string, value: unknown) => at(`${WEIGHT}|${path}`, value)
/** A weight of which graph and archive say the same. */
const weight = (fields: object) => {
  const said = { ...meta([4, 3]), ...fields }
  return withValue(`${GRAPH}.tensor_values.p_w`, said, inWeight('tensor_meta', said))
}
const file = (path: string, content: string | undefined) => at(`files|${path}`, content)
const tensor = (name: string) => ({ as_tensor: { name } })
const expression = (text: string) => [{ as_int: 2 }, { as_expr: { expr_str: text } }]

describe('loadExportedProgram()', () => {
  it('loadExportedProgram() reads the archive that the others are made from', async () => {
    const model = await load(soundProgram())
    const result = model(fromHost(fromValues('float32', [2, 3], [1, 2, 3, 4, 5, 6])))
    expect(result).toMatchObject({ shape: [2, 4] })
    expect(model.graph.nodes.map(({ name }) => name)).toEqual(['linear', 'relu'])
  })

  it('loadExportedProgram() names all operations that lowbit has not, with their counts', async () => {
    const parts = withValue(`${GRAPH}.nodes.0.target`, 'torch.ops.aten.fft_fft.default')
    const error = await load(withValue(`${GRAPH}.nodes.1.target`, 'torch.ops.aten.relu.out', parts)).catch(
      (e: unknown) => e,
    )
    expect(error).toEqual(
      new UnsupportedOpError(
        'blob',
        new Map([
          ['torch.ops.aten.fft_fft.default', 1],
          ['torch.ops.aten.relu.out', 1],
        ]),
      ),
    )
    expect(String(error)).toBe(
      'UnsupportedOpError: Cannot load "blob": expected operations that lowbit has, ' +
        'got torch.ops.aten.fft_fft.default (1x), torch.ops.aten.relu.out (1x)',
    )
  })

  const deep = `${'['.repeat(100)}${']'.repeat(100)}`
  const overlong = [{ as_int: 2 ** 40 }, { as_int: 2 ** 40 }]
  it.each<[string, ProgramParts, string]>([
    // The archive
    [
      'no marker',
      file('archive_format', undefined),
      '"archive_format": expected an archive of torch.export.save with one such entry, got 0 of them',
    ],
    ['another format', file('archive_format', 'onnx'), '"archive_format": expected "pt2", got "onnx"'],
    [
      'a marker of any length',
      file('archive_format', 'x'.repeat(1000)),
      'expected at most 64 bytes, got 1000',
    ],
    ['bytes the other way round', file('byteorder', 'big'), '"byteorder": expected "little", got "big"'],
    ['no program', file('models/model.json', ''), '"JSON": expected a JSON value, got the end (byte 0)'],
    [
      'JSON that is cut off',
      file('models/model.json', '{"a": [1'),
      '"JSON": expected "," or "]", got the end (byte 8)',
    ],
    [
      'JSON nested without end',
      file('models/model.json', deep),
      '"JSON": expected JSON nested at most 64 deep, got more',
    ],
    [
      'a key twice',
      file('models/model.json', '{"a": 1, "a": 2}'),
      '"JSON": expected every key once, got "a" again (byte 9)',
    ],
    [
      'an array',
      file('models/model.json', '[]'),
      '"models/model.json": expected an object, got an array (the whole file, byte 0)',
    ],
    [
      'another schema',
      at('program.schema_version.major', 9),
      '"models/model.json": expected version 8 of the schema, got 9 (schema_version.major, byte 27)',
    ],
    [
      'no schema',
      at('program.schema_version', undefined),
      'expected an object with "schema_version", got one without',
    ],
    ['no graph', at(GRAPH, undefined), 'expected an object with "graph", got one without (graph_module'],
    // Nodes
    [
      'a name that nothing has',
      inGraph('nodes.1.inputs.0.arg', tensor('nothing')),
      'expected the name of an input or of an earlier result, got "nothing" (graph_module.graph.nodes[1].inputs[0].arg',
    ],
    [
      'a node that reads itself',
      inGraph('nodes.1.inputs.0.arg', tensor('relu')),
      'expected the name of an input or of an earlier result, got "relu"',
    ],
    [
      'nodes in a circle',
      inGraph('nodes.0.inputs.0.arg', tensor('relu')),
      'expected the name of an input or of an earlier result, got "relu"',
    ],
    [
      'a name twice',
      inGraph('nodes.1.outputs', [tensor('linear')]),
      'expected a name that is not taken, got "linear" again',
    ],
    [
      'an output without a type',
      inGraph('nodes.1.outputs', [tensor('other')]),
      'expected an output with a type, got "other"',
    ],
    [
      'an output of another type',
      inGraph('tensor_values.relu', meta([2, 5])),
      'expected float32 [2, 4], as the node "relu" gives it, got float32 [2, 5] (graph_module.graph.tensor_values.relu',
    ],
    [
      'too many outputs',
      inGraph('nodes.1.outputs', [tensor('relu'), tensor('more')]),
      'expected at most 1 outputs, got 2',
    ],
    [
      'shapes that do not fit',
      inGraph('tensor_values.x', meta([2, 5])),
      'expected arguments that the operation takes, got Cannot record "aten.linear"',
    ],
    [
      'an argument that is missing',
      inGraph('nodes.1.inputs', []),
      'expected arguments that the operation takes, got Cannot record "aten.relu"',
    ],
    [
      'an argument that is unknown',
      inGraph('nodes.1.inputs.0.name', 'other'),
      'expected an argument that the operation has, got "other"',
    ],
    [
      'a constant in place of a tensor',
      inGraph('nodes.1.inputs.0.arg', { as_int: 3 }),
      'expected arguments that the operation takes',
    ],
    [
      'an argument of two kinds',
      inGraph('nodes.1.inputs.0.arg', { as_int: 3, as_bool: true }),
      'expected an object with one key, got one with 2',
    ],
    [
      'an object of the program’s own',
      inGraph('nodes.1.inputs.0.arg', { as_custom_obj: { name: 'os', class_fqn: 'os.system' } }),
      'expected an argument of tensors and constants, got "as_custom_obj"',
    ],
    [
      'a graph as an argument',
      inGraph('nodes.1.inputs.0.arg', { as_graph: {} }),
      'expected an argument of tensors and constants, got "as_graph"',
    ],
    [
      'a kind that is called __proto__',
      inGraph('nodes.1.inputs.0.arg', JSON.parse('{"__proto__": {}}')),
      'expected an argument of tensors and constants, got "__proto__"',
    ],
    [
      'a size that has no name',
      inGraph('nodes.1.inputs.0.arg', { as_sym_int: { as_name: 's' } }),
      'expected the name of a size, got "s"',
    ],
    [
      'a target that is no text',
      inGraph('nodes.0.target', 5),
      'expected a string, got 5 (graph_module.graph.nodes[0].target',
    ],
    [
      'nodes that are no list',
      inGraph('nodes', {}),
      'expected an array, got an object (graph_module.graph.nodes',
    ],
    // Types
    [
      'a dtype that is unknown',
      inGraph('tensor_values.x.dtype', 99),
      'expected the number of a dtype that lowbit has, got 99',
    ],
    ['a layout that is sparse', inGraph('tensor_values.x.layout', 1), 'expected 7, a strided layout, got 1'],
    [
      'a size below 0',
      inGraph('tensor_values.x.sizes', [{ as_int: -1 }]),
      'expected a whole number of at least 0, got -1',
    ],
    [
      'a size that is a fraction',
      inGraph('tensor_values.x.sizes', [{ as_int: 1.5 }]),
      'expected a whole number that JavaScript can count with, got 1.5',
    ],
    [
      'a size beyond 2^53',
      inGraph('tensor_values.x.sizes', [{ as_int: 2 ** 60 }]),
      'expected a whole number that JavaScript can count with, got 1152921504606847000',
    ],
    [
      'a size that is a call',
      inGraph('tensor_values.x.sizes', expression('__import__("os")')),
      'expected an expression of sizes, got',
    ],
    [
      'a size nested without end',
      inGraph('tensor_values.x.sizes', expression(`${'Add('.repeat(500)}1`)),
      'expected an expression of sizes, got an expression nested more than 64 deep',
    ],
    // Signature
    [
      'an input without a type',
      inGraph('tensor_values.x', undefined),
      'expected an input with a type, got "x" (graph_module.signature.input_specs[2].user_input',
    ],
    [
      'a kind of input that is unknown',
      at(`${SPECS}.input_specs.0`, { token: { arg: { name: 'p_w' } } }),
      'expected a parameter, buffer, constant or argument, got token',
    ],
    [
      'a kind of output that is unknown',
      at(`${SPECS}.output_specs.0`, { token: {} }),
      'expected a result or the new content of a buffer, got token',
    ],
    [
      'an output that nothing computes',
      at(`${SPECS}.output_specs.0.user_output.arg.as_tensor.name`, 'y'),
      'expected the name of an input or of an earlier result, got "y"',
    ],
    ['more leaves than arguments', at(`${SPECS}.output_specs`, []), 'expected 0 leaves, got more'],
    [
      'fewer leaves than arguments',
      at(`${CALLS}.0.signature.out_spec`, '[1, {"type": "builtins.tuple", "children_spec": []}]'),
      'expected 1 leaves, got 0',
    ],
    [
      'an arrangement that is no JSON',
      at(`${CALLS}.0.signature.out_spec`, 'x'),
      '"JSON": expected a JSON value',
    ],
    ['no entry for the program', at(`${CALLS}.0.fqn`, 'x'), 'expected an entry for the whole program'],
    [
      'a range that is empty',
      at('program.range_constraints.s0', { min_val: 3, max_val: 2 }),
      'expected a range from 3 on, got one up to 2 (range_constraints.s0',
    ],
    [
      'a state called forward',
      at(`${SPECS}.input_specs.0.parameter.parameter_name`, 'forward'),
      'expected names that modules have not themselves, got "forward"',
    ],
    [
      'a state called __proto__',
      at(`${SPECS}.input_specs.0.parameter.parameter_name`, 'fc.__proto__'),
      'expected names that modules have not themselves, got "fc.__proto__"',
    ],
    [
      'a state with an empty name',
      at(`${SPECS}.input_specs.0.parameter.parameter_name`, 'fc..weight'),
      'expected a path of names, got "fc..weight"',
    ],
    [
      'a state twice',
      at(`${SPECS}.input_specs.0.parameter.parameter_name`, 'fc.bias'),
      'expected every state once, got "fc.bias" again',
    ],
    [
      'a state in a state',
      at(`${SPECS}.input_specs.0.parameter.parameter_name`, 'fc.bias.x'),
      'expected a path that does not lead through a state, got "fc.bias.x"',
    ],
    [
      'a state without a tensor',
      at(`${SPECS}.input_specs.0.parameter.parameter_name`, 'fc.w'),
      'expected a state with a tensor, got "fc.w"',
    ],
    [
      'modules nested without end',
      at(`${CALLS}.1.fqn`, 'a.'.repeat(900)),
      'expected modules nested at most 64 deep, got 901',
    ],
    [
      'a path of any length',
      inGraph('nodes.0.metadata.nn_module_stack', `k,${'['.repeat(1e6)},C`),
      "expected a module's path of at most 2000 characters, got 1000000",
    ],
    [
      'states nested without end',
      at(`${SPECS}.input_specs.0.parameter.parameter_name`, 'a.'.repeat(900)),
      'expected a path of at most 64 names, got 901',
    ],
    // Weights
    [
      'a pickled tensor',
      inWeight('use_pickle', true),
      'expected false, a tensor that is not pickled, got true (config.fc.weight.use_pickle',
    ],
    [
      'a file that is not there',
      inWeight('path_name', 'weight_9'),
      'expected the name of an entry, got "data/weights/weight_9" (config.fc.weight.path_name',
    ],
    [
      'a file outside',
      inWeight('path_name', '../../../../etc/passwd'),
      'expected the name of an entry, got "data/weights/../../../../etc/passwd"',
    ],
    [
      'a file that is too short',
      at('files|data/weights/weight_0', new Uint8Array(47)),
      'expected a tensor within 47 bytes, got 48 bytes (config.fc.weight.tensor_meta',
    ],
    [
      'an offset beyond the file',
      inWeight('tensor_meta|storage_offset', { as_int: 1 }),
      'expected a tensor within 48 bytes, got 52 bytes',
    ],
    [
      'strides beyond the file',
      inWeight('tensor_meta|strides', [{ as_int: 1000 }, { as_int: 1 }]),
      'expected a tensor within 48 bytes, got 12012 bytes',
    ],
    [
      'strides below 0',
      inWeight('tensor_meta|strides', [{ as_int: -3 }, { as_int: 1 }]),
      'expected a whole number of at least 0, got -3',
    ],
    [
      'strides of another rank',
      inWeight('tensor_meta|strides', [{ as_int: 1 }]),
      'expected 2 strides, got 1',
    ],
    ['sizes that overflow', weight({ sizes: overlong }), 'expected a tensor within 48 bytes, got'],
    [
      'much out of one element',
      weight({ ...meta([2 ** 20, 2 ** 10]), strides: [{ as_int: 0 }, { as_int: 0 }] }),
      'bytes of tensors, got 4294967296',
    ],
    ['a size that varies', weight({ sizes: expression("Symbol('s')") }), 'expected a tensor of known size'],
    [
      'a state of another shape',
      at('weights|config|fc.bias|tensor_meta', meta([2])),
      'expected a tensor float32 [4], as the graph has it, got float32 [2] (graph_module.signature.input_specs[1].parameter',
    ],
  ])('loadExportedProgram() rejects %s', async (_, parts, message) => {
    const error = await load(parts).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FormatError)
    expect(String(error)).toContain(message)
    expect(String(error)).toMatch(/\(.*byte \d+\)|got \d of them|"(onnx|big)"$/)
  })
})
