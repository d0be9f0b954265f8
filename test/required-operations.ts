/** What programs of `torch.export` are made of, as the models of the golden data have it: each is an operation here with rows in `ops.json`. */
export const atenOperations: readonly string[] = `
  conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d linear matmul bmm addmm einsum embedding
  batch_norm layer_norm group_norm rms_norm dropout feature_dropout
  relu relu6 leaky_relu silu elu celu selu mish hardtanh hardswish hardsigmoid gelu sigmoid log_sigmoid tanh softmax log_softmax
  max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
  add sub rsub mul div neg pow sqrt rsqrt exp log abs clamp minimum maximum mean sum amax amin var
  cat stack chunk split split_with_sizes slice select index gather flatten reshape view unflatten squeeze unsqueeze permute
  transpose t expand contiguous clone alias detach lift_fresh_copy to zeros ones full zeros_like ones_like arange
  scaled_dot_product_attention lstm gru
  eq ne lt le gt ge logical_and logical_or logical_not where isnan sin cos erf floor ceil round sign reciprocal log1p expm1
  softplus prelu glu threshold argmax argmin topk sort cumsum max min prod norm linalg_vector_norm pad roll flip repeat
  repeat_interleave tile triu tril index_select scatter scatter_add masked_scatter narrow movedim pixel_shuffle pixel_unshuffle
  channel_shuffle unfold im2col col2im upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_linear1d upsample_bilinear2d
  upsample_bicubic2d grid_sampler adaptive_max_pool2d instance_norm one_hot baddbmm dot mv outer std var_mean new_zeros new_ones new_full
  full_like`
  .trim()
  .split(/\s+/)
  .map((name) => `aten.${name}`)

/** What quantization adds: each is an operation here with a row in `quantization-rows.ts`. */
export const quantizationOperations: readonly string[] = [
  'lowbit.block_range',
  'lowbit.running_range',
  'lowbit.range_to_qparams',
  'lowbit.fake_quantize',
  'lowbit.scaled_fake_quantize',
  'lowbit.quantize',
  'lowbit.dequantize',
  'coreai.constexpr_blockwise_shift_scale',
  'coreai.quantize',
  'coreai.dequantize',
]
