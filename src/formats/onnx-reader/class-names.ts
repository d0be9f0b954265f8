/** Classes of modules by the operation that is theirs. */
const CLASSES: Readonly<Record<string, string>> = {
  'aten.conv1d': 'Conv1d',
  'aten.conv2d': 'Conv2d',
  'aten.conv3d': 'Conv3d',
  'aten.conv_transpose1d': 'ConvTranspose1d',
  'aten.conv_transpose2d': 'ConvTranspose2d',
  'aten.conv_transpose3d': 'ConvTranspose3d',
  'aten.linear': 'Linear',
  'aten.embedding': 'Embedding',
  'aten.layer_norm': 'LayerNorm',
  'aten.group_norm': 'GroupNorm',
  'aten.rms_norm': 'RMSNorm',
  'aten.lstm': 'LSTM',
  'aten.gru': 'GRU',
}

/** The class of the module whose first operation this is, '' where that does not tell. */
export function classNameOf(operation: string): string {
  return CLASSES[operation] ?? ''
}
