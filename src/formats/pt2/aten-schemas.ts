import type { AttributeValue } from '../../ir/attributes.ts'

/** A tensor, or a list of tensors. */
const T: unique symbol = Symbol('tensor')
/** A constant without a default. */
const C: unique symbol = Symbol('constant')
/** Says how or where a tensor is kept, which is nothing to lowbit. */
const IGNORED: unique symbol = Symbol('ignored')

/** What an argument of an operation is: a tensor, a constant without a default, one that is ignored, or the default of a constant. */
export type Parameter = typeof T | typeof C | typeof IGNORED | AttributeValue

/** The arguments of an operation under ATen's names, in ATen's order. */
export type Schema = Readonly<Record<string, Parameter>>

const UNARY: Schema = { self: T }
const BINARY: Schema = { self: T, other: T }
const SCALED: Schema = { self: T, other: T, alpha: 1 }
const SCALED_SCALAR: Schema = { self: T, other: C, alpha: 1 }
const SCALAR: Schema = { self: T, other: C }
const KEPT: Schema = { layout: IGNORED, device: IGNORED, pin_memory: IGNORED }
const REDUCED: Schema = { self: T, dim: C, keepdim: false, dtype: null }
const EXTREMUM: Schema = { self: T, dim: [], keepdim: false }
const PLACE: Schema = { self: T, dim: null, keepdim: false }
const SOFTMAX: Schema = { self: T, dim: C, dtype: null }
const DROPOUT: Schema = { input: T, p: C, train: C }
const CONVERTED: Schema = { non_blocking: IGNORED, copy: IGNORED, memory_format: IGNORED }
const RECURRENT: Schema = {
  input: T,
  hx: T,
  params: T,
  has_biases: C,
  num_layers: C,
  dropout: C,
  train: C,
  bidirectional: C,
  batch_first: C,
}

function convolution(rank: number): Schema {
  const each = (value: number) => Array.from({ length: rank }, () => value)
  return { input: T, weight: T, bias: T, stride: each(1), padding: each(0), dilation: each(1), groups: 1 }
}

function transposed(rank: number): Schema {
  const { dilation = 1, groups = 1, ...others } = convolution(rank)
  const none = Array.from({ length: rank }, () => 0)
  return { ...others, output_padding: none, groups, dilation }
}

function maxPool(rank: number): Schema {
  const each = (value: number) => Array.from({ length: rank }, () => value)
  return { self: T, kernel_size: C, stride: [], padding: each(0), dilation: each(1), ceil_mode: false }
}

function avgPool(rank: number): Schema {
  const none = Array.from({ length: rank }, () => 0)
  const window: Schema = {
    self: T,
    kernel_size: C,
    stride: [],
    padding: none,
    ceil_mode: false,
    count_include_pad: true,
  }
  return rank === 1 ? window : { ...window, divisor_override: null }
}

/**
 * Arguments of the ATen operations that lowbit reads, by name and overload. From the operator registry of PyTorch 2.15; the overloads that a
 * program of `torch.export` has, before decomposition.
 */
const SCHEMAS: Readonly<Record<string, Schema>> = {
  'abs.default': UNARY,
  'adaptive_avg_pool1d.default': { self: T, output_size: C },
  'adaptive_avg_pool2d.default': { self: T, output_size: C },
  'adaptive_avg_pool3d.default': { self: T, output_size: C },
  'add.Scalar': SCALED_SCALAR,
  'add.Tensor': SCALED,
  'addmm.default': { self: T, mat1: T, mat2: T, beta: 1, alpha: 1 },
  'alias.default': UNARY,
  'amax.default': EXTREMUM,
  'amin.default': EXTREMUM,
  'arange.default': { end: C, dtype: null, ...KEPT },
  'arange.start': { start: C, end: C, dtype: null, ...KEPT },
  'arange.start_step': { start: C, end: C, step: 1, dtype: null, ...KEPT },
  'argmax.default': PLACE,
  'argmin.default': PLACE,
  'avg_pool1d.default': avgPool(1),
  'avg_pool2d.default': avgPool(2),
  'avg_pool3d.default': avgPool(3),
  'batch_norm.default': {
    input: T,
    weight: T,
    bias: T,
    running_mean: T,
    running_var: T,
    training: C,
    momentum: C,
    eps: C,
    cudnn_enabled: IGNORED,
  },
  'bmm.default': { self: T, mat2: T },
  'cat.default': { tensors: T, dim: 0 },
  'ceil.default': UNARY,
  'celu.default': { self: T, alpha: 1 },
  'chunk.default': { self: T, chunks: C, dim: 0 },
  'clamp.default': { self: T, min: null, max: null },
  'clamp_max.default': { self: T, max: C },
  'clamp_min.default': { self: T, min: C },
  'clone.default': { self: T, memory_format: IGNORED },
  'concat.default': { tensors: T, dim: 0 },
  'constant_pad_nd.default': { self: T, pad: C, value: 0 },
  'contiguous.default': { self: T, memory_format: IGNORED },
  'conv1d.default': convolution(1),
  'conv1d.padding': convolution(1),
  'conv2d.default': convolution(2),
  'conv2d.padding': convolution(2),
  'conv3d.default': convolution(3),
  'conv3d.padding': convolution(3),
  'conv_transpose1d.default': transposed(1),
  'conv_transpose2d.input': transposed(2),
  'conv_transpose3d.input': transposed(3),
  'cos.default': UNARY,
  'cumsum.default': { self: T, dim: C, dtype: null },
  'detach.default': UNARY,
  'div.Scalar': SCALAR,
  'div.Scalar_mode': { self: T, other: C, rounding_mode: C },
  'div.Tensor': BINARY,
  'div.Tensor_mode': { self: T, other: T, rounding_mode: C },
  'dropout.default': DROPOUT,
  'einsum.default': { equation: C, tensors: T, path: IGNORED },
  'elu.default': { self: T, alpha: 1, scale: 1, input_scale: 1 },
  'embedding.default': {
    weight: T,
    indices: T,
    padding_idx: -1,
    scale_grad_by_freq: IGNORED,
    sparse: IGNORED,
  },
  'eq.Scalar': SCALAR,
  'eq.Tensor': BINARY,
  'erf.default': UNARY,
  'exp.default': UNARY,
  'expand.default': { self: T, size: C, implicit: IGNORED },
  'feature_dropout.default': DROPOUT,
  'flatten.using_ints': { self: T, start_dim: 0, end_dim: -1 },
  'floor.default': UNARY,
  'floor_divide.Scalar': SCALAR,
  'floor_divide.default': BINARY,
  'full.default': { size: C, fill_value: C, dtype: null, ...KEPT },
  'gather.default': { self: T, dim: C, index: T, sparse_grad: false },
  'ge.Scalar': SCALAR,
  'ge.Tensor': BINARY,
  'gelu.default': { self: T, approximate: 'none' },
  'group_norm.default': {
    input: T,
    num_groups: C,
    weight: T,
    bias: T,
    eps: 1e-5,
    cudnn_enabled: IGNORED,
  },
  'gru.input': RECURRENT,
  'gt.Scalar': SCALAR,
  'gt.Tensor': BINARY,
  'hardsigmoid.default': UNARY,
  'hardswish.default': UNARY,
  'hardtanh.default': { self: T, min_val: -1, max_val: 1 },
  'index.Tensor': { self: T, indices: T },
  'layer_norm.default': {
    input: T,
    normalized_shape: C,
    weight: T,
    bias: T,
    eps: 1e-5,
    cudnn_enable: IGNORED,
  },
  'le.Scalar': SCALAR,
  'le.Tensor': BINARY,
  'leaky_relu.default': { self: T, negative_slope: 0.01 },
  'lift_fresh_copy.default': UNARY,
  'linear.default': { input: T, weight: T, bias: T },
  'log.default': UNARY,
  'log_sigmoid.default': UNARY,
  'log_softmax.int': SOFTMAX,
  'logical_and.default': BINARY,
  'logical_not.default': UNARY,
  'logical_or.default': BINARY,
  'lstm.input': RECURRENT,
  'lt.Scalar': SCALAR,
  'lt.Tensor': BINARY,
  'masked_fill.Scalar': { self: T, mask: T, value: C },
  'masked_fill.Tensor': { self: T, mask: T, value: T },
  'matmul.default': BINARY,
  'max_pool1d.default': maxPool(1),
  'max_pool2d.default': maxPool(2),
  'max_pool3d.default': maxPool(3),
  'maximum.default': BINARY,
  'mean.default': { self: T, dim: null, keepdim: false, dtype: null },
  'mean.dim': REDUCED,
  'minimum.default': BINARY,
  'mish.default': UNARY,
  'mul.Scalar': SCALAR,
  'mul.Tensor': BINARY,
  'ne.Scalar': SCALAR,
  'ne.Tensor': BINARY,
  'neg.default': UNARY,
  'ones.default': { size: C, dtype: null, ...KEPT },
  'ones_like.default': { self: T, dtype: null, ...KEPT, memory_format: IGNORED },
  'pad.default': { self: T, pad: C, mode: 'constant', value: null },
  'permute.default': { self: T, dims: C },
  'pow.Scalar': { self: C, exponent: T },
  'pow.Tensor_Scalar': { self: T, exponent: C },
  'pow.Tensor_Tensor': { self: T, exponent: T },
  'reciprocal.default': UNARY,
  'relu.default': UNARY,
  'relu6.default': UNARY,
  'reshape.default': { self: T, shape: C },
  'rms_norm.default': { input: T, normalized_shape: C, weight: T, eps: null },
  'round.default': UNARY,
  'rsqrt.default': UNARY,
  'rsub.Scalar': SCALED_SCALAR,
  'rsub.Tensor': SCALED,
  'scaled_dot_product_attention.default': {
    query: T,
    key: T,
    value: T,
    attn_mask: T,
    dropout_p: 0,
    is_causal: false,
    scale: null,
    enable_gqa: false,
  },
  'select.int': { self: T, dim: C, index: C },
  'selu.default': UNARY,
  'sigmoid.default': UNARY,
  'sign.default': UNARY,
  'silu.default': UNARY,
  'sin.default': UNARY,
  'slice.Tensor': { self: T, dim: 0, start: null, end: null, step: 1 },
  'softmax.int': SOFTMAX,
  'softplus.default': { self: T, beta: 1, threshold: 20 },
  'split.Tensor': { self: T, split_size: C, dim: 0 },
  'split_with_sizes.default': { self: T, split_sizes: C, dim: 0 },
  'sqrt.default': UNARY,
  'squeeze.default': { self: T, dim: null },
  'squeeze.dim': { self: T, dim: C },
  'squeeze.dims': { self: T, dim: C },
  'stack.default': { tensors: T, dim: 0 },
  'sub.Scalar': SCALED_SCALAR,
  'sub.Tensor': SCALED,
  'sum.default': { self: T, dim: null, keepdim: false, dtype: null },
  'sum.dim_IntList': REDUCED,
  't.default': UNARY,
  'tanh.default': UNARY,
  'to.device': { self: T, device: IGNORED, dtype: C, ...CONVERTED },
  'to.dtype': { self: T, dtype: C, ...CONVERTED },
  'to.dtype_layout': { self: T, dtype: null, ...KEPT, ...CONVERTED },
  'transpose.int': { self: T, dim0: C, dim1: C },
  'unflatten.int': { self: T, dim: C, sizes: C },
  'unsqueeze.default': { self: T, dim: C },
  'var.correction': { self: T, dim: null, correction: 1, keepdim: false },
  'var.dim': { self: T, dim: C, unbiased: true, keepdim: false },
  'view.default': { self: T, size: C },
  'where.ScalarOther': { condition: T, self: T, other: C },
  'where.self': { condition: T, self: T, other: T },
  'zeros.default': { size: C, dtype: null, ...KEPT },
  'zeros_like.default': { self: T, dtype: null, ...KEPT, memory_format: IGNORED },
}

const BY_TARGET: ReadonlyMap<string, Schema> = new Map(Object.entries(SCHEMAS))

/** A call of an ATen operation by its parts. */
export interface AtenTarget {
  /** ATen's name, without the underscore of what changes its input in place. */
  readonly name: string
  readonly overload: string
  readonly schema: Schema
  /** Whether the first input is replaced by the result. */
  readonly inPlace: boolean
}

/** Takes a target such as `torch.ops.aten.relu_.default` apart; undefined for what has no schema here. */
export function parseTarget(target: string): AtenTarget | undefined {
  const [, name = '', overload = ''] = /^torch\.ops\.aten\.(\w+)\.(\w+)$/.exec(target) ?? []
  const inPlace = name.endsWith('_')
  const plain = inPlace ? name.slice(0, -1) : name
  const schema = BY_TARGET.get(`${plain}.${overload}`)
  return schema && { name: plain, overload, schema, inPlace }
}

/** The overloads of an ATen operation that have schemas here, by its name without namespace. */
export function overloadsOf(name: string): readonly AtenTarget[] {
  return [...BY_TARGET]
    .filter(([key]) => key.startsWith(`${name}.`))
    .map(([key, schema]) => ({ name, overload: key.slice(name.length + 1), schema, inPlace: false }))
}

/** Whether an argument is a tensor or a list of them. */
export function isTensorParameter(parameter: Parameter): boolean {
  return parameter === T
}

/** Whether an argument is left out. */
export function isIgnored(parameter: Parameter): boolean {
  return parameter === IGNORED
}

/** The default of a constant; undefined where it has none. */
export function defaultOf(parameter: Parameter): AttributeValue | undefined {
  return typeof parameter === 'symbol' ? undefined : parameter
}
