// Config files that nobody writes by accident.

const TOP = 'quantization_config:\n'
const WEIGHT = `${TOP}  global_config:\n    op_state_spec:\n      weight:\n        `
const SPEC_KEYS =
  'dtype, qscheme, qformulation, granularity, fake_quantize_cls, qparam_calculator_cls, range_calculator_cls, float_range, scale_dtype, averaging_constant, percentile, reduce_range'
const MODULE_KEYS =
  'op_input_spec, op_output_spec, op_state_spec, op_type_config, op_name_config, module_input_spec, module_output_spec, module_state_spec, qat_schedule'
const CONFIG_KEYS =
  'global_config, module_type_configs, module_name_configs, preserved_attributes, execution_mode, kv_cache_quant_configs'
const malformed = (reason: string) => `Cannot read "config": expected YAML, got a text that is not: ${reason}`
const noPattern = (pattern: string, hint: string) =>
  `Cannot read "module_name_configs.${pattern}": expected a regular expression without look-around and back-references, got ${JSON.stringify(pattern)} (line 2, column 26)\n` +
  `Hint: ${hint}`

/** Lists of eight that each hold the one before eight times: 8^16 entries when written out. */
const ALIASES = [
  '  a: &a [x, x, x, x, x, x, x, x]',
  ...[...'bcdefghijklmnop'].map(
    (name, i) => `  ${name}: &${name} [${Array(8).fill(`*${'abcdefghijklmnop'[i]}`)}]`,
  ),
].join('\n')

/** A map of a thousand keys that all stand for one value. */
const thousand = (key: string, alias: string) =>
  `{${Array.from({ length: 1000 }, (_, i) => `${key}${i}: *${alias}`).join(', ')}}`

/** A valid config of a thousand modules with a thousand operations with a thousand specs each, in 30 kB. */
const CONFIGS = [
  'quantization_spec:',
  '  s: &s {dtype: int4}',
  `  o: &o {op_input_spec: ${thousand('', 's')}}`,
  `  m: &m {op_name_config: ${thousand('x', 'o')}}`,
  `${TOP}  module_name_configs: ${thousand('y', 'm')}`,
].join('\n')

const CHAIN = [
  '  a0: &a0 [x]',
  ...Array.from({ length: 9000 }, (_, i) => `  a${i + 1}: &a${i + 1} [*a${i}]`),
].join('\n')

const MERGES = [
  '  a0: &a0 {k0: 1}',
  ...Array.from({ length: 300 }, (_, i) => `  a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}], k${i + 1}: 1}`),
].join('\n')

/** Texts that a reader of configs refuses, each with what it says. */
export const hostileConfigs: readonly (readonly [name: string, text: string, message: string])[] = [
  ['flow 1,000 deep', '['.repeat(1000), malformed('nesting exceeded maxDepth (64) (line 1, column 64)')],
  [
    'maps 1,000 deep',
    `${TOP}  global_config: ${'{a: '.repeat(1000)}`,
    malformed('nesting exceeded maxDepth (64) (line 2, column 263)'),
  ],
  [
    'lists 1,000 deep',
    `${'- '.repeat(1000)}a`,
    malformed('nesting exceeded maxDepth (64) (line 1, column 129)'),
  ],
  [
    'very many aliases',
    `quantization_spec: &a {}\n${TOP}  preserved_attributes: [${'*a,'.repeat(20_000)}]`,
    malformed('aliases exceeded maxAliases (10000) (line 3, column 30027)'),
  ],
  [
    'blocks 1,000 deep',
    Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    malformed('nesting exceeded maxDepth (64) (line 64, column 64)'),
  ],
  [
    'aliases of aliases',
    `quantization_spec:\n${ALIASES}\n${TOP}  preserved_attributes: *p`,
    'Cannot read "config": expected at most 100000 entries with aliases written out, got 689326473577135',
  ],
  [
    'aliases of configs of configs',
    CONFIGS,
    'Cannot read "config": expected at most 100000 entries with aliases written out, got 4008012019',
  ],
  [
    'aliases of aliases 9,000 deep',
    `quantization_spec:\n${CHAIN}\n${TOP}  preserved_attributes: *a9000`,
    'Cannot read "config": expected at most 100000 entries with aliases written out, got 40540511',
  ],
  [
    'merges of merges',
    `quantization_spec:\n${MERGES}\n${TOP}  global_config: *a300`,
    malformed('merge keys exceeded maxTotalMergeKeys (10000) (line 101, column 14)'),
  ],
  [
    'a map that holds itself',
    'quantization_config: &a\n  global_config: *a',
    `Cannot read "global_config.global_config": expected a known key (${MODULE_KEYS}), got an unknown one (line 2, column 3)`,
  ],
  [
    'a key twice',
    `${TOP}  execution_mode: eager\n  execution_mode: graph`,
    malformed('duplicated mapping key (line 3, column 3)'),
  ],
  [
    'a position twice',
    `${TOP}  global_config: {op_input_spec: {0: null, "0": null}}`,
    'Cannot read "global_config.op_input_spec": expected each position once, got "0 twice" (line 2, column 19)',
  ],
  [
    '__proto__ in a spec',
    `${WEIGHT}__proto__: {dtype: int4}`,
    `Cannot read "global_config.op_state_spec.weight.__proto__": expected a known key (${SPEC_KEYS}), got an unknown one (line 5, column 9)`,
  ],
  [
    'constructor in a config',
    `${TOP}  global_config: {constructor: {prototype: 1}}`,
    `Cannot read "global_config.constructor": expected a known key (${MODULE_KEYS}), got an unknown one (line 2, column 19)`,
  ],
  [
    'constructor as a type of granularity',
    `${WEIGHT}granularity: {type: constructor}`,
    'Cannot read "global_config.op_state_spec.weight.granularity.type": expected one of "per_tensor", "per_channel", "per_block", got "constructor" (line 5, column 23)',
  ],
  [
    '__proto__ as a range calculator',
    `${WEIGHT}range_calculator_cls: __proto__`,
    'Cannot read "global_config.op_state_spec.weight.range_calculator_cls": expected a registered range calculator (minmax, percentile, histogram_mse, entropy), got "__proto__" (line 5, column 9)',
  ],
  [
    'a tag of its own',
    `${TOP}  execution_mode: !mine eager`,
    malformed('unknown scalar tag !<!mine> (line 2, column 19)'),
  ],
  [
    'a tag that runs a program',
    `${TOP}  execution_mode: !!python/object/apply:os.system [ls]`,
    malformed('unknown sequence tag !<tag:yaml.org,2002:python/object/apply:os.system> (line 2, column 19)'),
  ],
  [
    'bytes',
    `${TOP}  execution_mode: !!binary aGk=`,
    'Cannot read "execution_mode": expected one of "graph", "eager", got bytes (line 2, column 3)',
  ],
  [
    'a date',
    `${TOP}  execution_mode: 2001-12-14`,
    'Cannot read "execution_mode": expected one of "graph", "eager", got a date (line 2, column 3)',
  ],
  [
    'a set',
    `${TOP}  module_name_configs: !!set {a, b}`,
    'Cannot read "module_name_configs": expected a map, got a set (line 2, column 3)',
  ],
  [
    'a list as a key',
    `${TOP}  ? [a, b]\n  : 1`,
    'Cannot read "config": expected keys that are names, got ["a", "b"] (line 1, column 1)',
  ],
  [
    'a truth value as a key',
    `${TOP}  module_name_configs: {no: null}`,
    'Cannot read "module_name_configs.false": expected a string as key, got false (line 2, column 3)',
  ],
  [
    'no mode',
    `${TOP}  execution_mode: null`,
    'Cannot read "execution_mode": expected one of "graph", "eager", got null (line 2, column 3)',
  ],
  [
    'caches in eager mode',
    `${TOP}  execution_mode: eager\n  kv_cache_quant_configs: {c: {op_quantizer_config: {op_input_spec: {1: {}}, op_output_spec: null, op_state_spec: null}}}`,
    'Cannot read "execution_mode": expected "graph" for a config with kv_cache_quant_configs, got "eager" (line 2, column 3)',
  ],
  ['several documents', `${TOP}---\n${TOP}`, 'Cannot read "config": expected one document, got 2'],
  [
    'a NUL character',
    `${TOP}  execution_mode: eager\u0000`,
    malformed('null byte is not allowed in input (line 2, column 24)'),
  ],
  [
    'an alias of nothing',
    `${TOP}  execution_mode: *x`,
    malformed('unidentified alias "x" (line 2, column 20)'),
  ],
  [
    'a scalar of 50 MB',
    `${TOP}  preserved_attributes: ["${'x'.repeat(50_000_000)}"]`,
    'Cannot read "config": expected at most 4000000 characters, got 50000049',
  ],
  [
    'a key of 3 MB',
    `${TOP}  ${'x'.repeat(3_000_000)}: 1`,
    `Cannot read "${'x'.repeat(197)}...": expected a known key (${CONFIG_KEYS}), got an unknown one (line 2, column 3)`,
  ],
  [
    'a key of 1 MB above 90,000 entries',
    `${TOP}  ${'x'.repeat(1_000_000)}: [${'a,'.repeat(90_000)}a]`,
    `Cannot read "${'x'.repeat(197)}...": expected a known key (${CONFIG_KEYS}), got an unknown one (line 2, column 3)`,
  ],
  [
    'very many entries',
    `${TOP}  preserved_attributes: [${'a,'.repeat(200_000)}a]`,
    'Cannot read "config": expected at most 100000 entries (200000 separators), got 200004',
  ],
  [
    'look-ahead',
    `${TOP}  module_name_configs: {"(?=a)": null}`,
    noPattern('(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'),
  ],
  [
    'a back-reference by name',
    `${TOP}  module_name_configs: {"(?P<n>a)(?P=n)": null}`,
    noPattern('(?P<n>a)(?P=n)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?P`'),
  ],
  [
    'an atomic group',
    `${TOP}  module_name_configs: {"(?>a)": null}`,
    noPattern('(?>a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?>`'),
  ],
  [
    'a star alone',
    `${TOP}  module_name_configs: {"*": null}`,
    noPattern('*', 'error parsing regexp: missing argument to repetition operator: `*`'),
  ],
  [
    'repetitions of repetitions',
    `${TOP}  module_name_configs: {"((a{100}){100}){100}": null}`,
    noPattern('((a{100}){100}){100}', 'error parsing regexp: invalid repeat count: `{100}`'),
  ],
  [
    'a repetition that is too large',
    `${TOP}  module_name_configs: {"a{400}": null}`,
    noPattern('a{400}', 'its repetitions make it too large'),
  ],
  [
    'a name of an operation that is no expression',
    `${TOP}  global_config: {op_name_config: {"conv(": null}}`,
    'Cannot read "global_config.op_name_config.conv(": expected a regular expression without look-around and back-references, got "conv(" (line 2, column 37)\n' +
      'Hint: error parsing regexp: missing closing ): `conv(`',
  ],
  ['a list', '- a', 'Cannot read "config": expected a map, got ["a"] (line 1, column 1)'],
  [
    'an unknown key on top',
    `${TOP}  execution_mode: eager\nspecs: {}`,
    'Cannot read "specs": expected a known key (quantization_config, quantization_spec), got an unknown one (line 3, column 1)',
  ],
  [
    'a misspelt key',
    `${WEIGHT}granularty: {type: per_tensor}`,
    `Cannot read "global_config.op_state_spec.weight.granularty": expected a known key (${SPEC_KEYS}), got an unknown one (line 5, column 9)\nHint: did you mean "granularity"?`,
  ],
  [
    'a misspelt type of module',
    `${TOP}  module_type_configs:\n    Cnv2d: null`,
    'Cannot read "module_type_configs.Cnv2d": expected a full name with a dot, or a class that lowbit has, got "Cnv2d" (line 3, column 5)\nHint: did you mean "Conv2d"?',
  ],
  [
    'what is wrong below a type of module',
    `${TOP}  module_type_configs:\n    Conv2d:\n      op_state_spec: {bias: {dtype: int9}}`,
    'Cannot read "module_type_configs.Conv2d.op_state_spec.bias.dtype": expected one of "int2", "uint2", "int4", "uint4", "int8", "uint8", ' +
      '"float8_e4m3fn", "float8_e5m2", "float4_e2m1fn_x2", got "int9" (line 4, column 30)\nHint: did you mean "int2"?',
  ],
  [
    'a block of no elements',
    `${WEIGHT}granularity: {type: per_block, block_size: 0}`,
    'Cannot read "global_config.op_state_spec.weight.granularity.block_size": expected a whole number of at least 1, got 0 (line 5, column 40)',
  ],
  [
    'a number beyond all integers',
    `${TOP}  global_config: {qat_schedule: {enable_observer: 99999999999999999999}}`,
    'Cannot read "global_config.qat_schedule.enable_observer": expected a whole number of at least 0, got 100000000000000000000 (line 2, column 34)',
  ],
]
