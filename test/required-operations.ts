/** What programs of `torch.export` are made of, as the models of the golden data have it: each is an operation here with rows in `ops.json`. */
export const atenOperations: readonly string[] = `
  conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d linear matmul bmm addmm einsum embedding
  batch_norm layer_norm group_norm rms_norm dropout feature_dropout
  relu relu6 leaky_relu silu elu celu selu mish hardtanh hardswish hardsigmoid gelu sigmoid log_sigmoid tanh softmax log_softmax
  max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
  add sub rsub mul div neg pow sqrt rsqrt exp log abs clamp minimum maximum mean sum amax amin var
  cat stack chunk split split_with_sizes slice select index gather flatten reshape view unflatten squeeze unsqueeze permute
  transpose t expand contiguous clone alias detach lift_fresh_copy to zeros ones full zeros_like ones_like arange
  scaled_dot_product_attention lstm gru`
  .trim()
  .split(/\s+/)
  .map((name) => `aten.${name}`)

/** What quantization adds: each is an operation here with a row in `quantization-rows.ts`. */
export const quantizationOperations: readonly string[] = [
  'lowbit.block_range',
  'lowbit.running_range',
  'lowbit.range_to_qparams',
  'lowbit.fake_quantize',
  'lowbit.quantize',
  'lowbit.dequantize',
  'coreai.constexpr_blockwise_shift_scale',
  'coreai.quantize',
  'coreai.dequantize',
]
