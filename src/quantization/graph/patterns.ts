/**
 * A chain of operations that is quantized as one: each step reads, as its first input, what only it reads of the step before. The first step is
 * the key: it gives the chain its configs, and its weight and inputs are quantized; what the last step makes is quantized.
 *
 * A quantizer takes patterns of its user's own beside the default ones.
 *
 * @example
 * const expTanh = { name: 'exp_tanh', steps: [['exp'], ['tanh']] }
 * const quantizer = new Quantizer(new Sequential(new Tanh()), null, { patterns: [...defaultPatterns, expTanh] })
 */
export interface Pattern {
  readonly name: string
  /** For each step the operations that fit, by type: `conv2d`. */
  readonly steps: readonly (readonly string[])[]
}

const CONVOLUTIONS = ['conv1d', 'conv2d', 'conv3d']
const TRANSPOSED_CONVOLUTIONS = ['conv_transpose1d', 'conv_transpose2d', 'conv_transpose3d']
const LINEAR = ['linear']
const BATCH_NORM = ['batch_norm']
const MAX_POOLS = ['max_pool1d', 'max_pool2d', 'max_pool3d']
const MEANS = [
  'avg_pool1d',
  'avg_pool2d',
  'avg_pool3d',
  'adaptive_avg_pool1d',
  'adaptive_avg_pool2d',
  'adaptive_avg_pool3d',
  'mean',
]
const ACTIVATIONS = [
  'relu',
  'relu6',
  'leaky_relu',
  'silu',
  'elu',
  'celu',
  'selu',
  'mish',
  'hardtanh',
  'hardswish',
  'hardsigmoid',
  'gelu',
  'sigmoid',
  'log_sigmoid',
  'tanh',
]

/**
 * The patterns that graph mode quantizes. Which of several that fit an operation wins is a matter of configs first, then of length: the order
 * here only decides between equals.
 */
export const defaultPatterns: readonly Pattern[] = [
  { name: 'conv_bn_act', steps: [CONVOLUTIONS, BATCH_NORM, ACTIVATIONS] },
  { name: 'conv_transpose_bn_act', steps: [TRANSPOSED_CONVOLUTIONS, BATCH_NORM, ACTIVATIONS] },
  { name: 'conv_act', steps: [CONVOLUTIONS, ACTIVATIONS] },
  { name: 'conv_transpose_act', steps: [TRANSPOSED_CONVOLUTIONS, ACTIVATIONS] },
  { name: 'conv_bn', steps: [CONVOLUTIONS, BATCH_NORM] },
  { name: 'conv_transpose_bn', steps: [TRANSPOSED_CONVOLUTIONS, BATCH_NORM] },
  { name: 'conv', steps: [CONVOLUTIONS] },
  { name: 'conv_transpose', steps: [TRANSPOSED_CONVOLUTIONS] },
  { name: 'linear_bn_act', steps: [LINEAR, BATCH_NORM, ACTIVATIONS] },
  { name: 'linear_act', steps: [LINEAR, ACTIVATIONS] },
  { name: 'linear_bn', steps: [LINEAR, BATCH_NORM] },
  { name: 'linear', steps: [LINEAR] },
  { name: 'embedding', steps: [['embedding']] },
  { name: 'matmul', steps: [['matmul']] },
  { name: 'matmul_act', steps: [['matmul'], ACTIVATIONS] },
  { name: 'einsum', steps: [['einsum']] },
  { name: 'einsum_act', steps: [['einsum'], ACTIVATIONS] },
  { name: 'add', steps: [['add']] },
  { name: 'add_act', steps: [['add'], ACTIVATIONS] },
  { name: 'mul', steps: [['mul']] },
  { name: 'mul_act', steps: [['mul'], ACTIVATIONS] },
  { name: 'sub', steps: [['sub']] },
  { name: 'flatten', steps: [['flatten']] },
  { name: 'max_pool', steps: [MAX_POOLS] },
  { name: 'mean', steps: [MEANS] },
  { name: 'cat', steps: [['cat']] },
]
