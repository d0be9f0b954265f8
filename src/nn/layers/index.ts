// Modules with PyTorch's names, defaults, state names and initial distributions.
export * from './activations.ts'
export { BatchNorm1d, BatchNorm2d, BatchNorm3d, type BatchNormLayerOptions } from './batch-norm.ts'
export { Conv1d, Conv2d, Conv3d, type ConvolutionLayerOptions } from './convolution.ts'
export { Dropout } from './dropout.ts'
export { Embedding } from './embedding.ts'
export { Flatten } from './flatten.ts'
export { Identity } from './identity.ts'
export { Linear } from './linear.ts'
export { ModuleList } from './module-list.ts'
export {
  type Attended,
  type AttendOptions,
  MultiheadAttention,
  type MultiheadAttentionOptions,
} from './multihead-attention.ts'
export * from './normalization.ts'
export * from './pooling.ts'
export { GRU, LSTM, type LSTMState, type RecurrentOptions } from './recurrent.ts'
export { Sequential } from './sequential.ts'
export {
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type TransposedConvolutionLayerOptions,
} from './transposed-convolution.ts'
