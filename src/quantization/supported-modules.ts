import { Conv1d, Conv2d, Conv3d } from '../nn/layers/convolution.ts'
import { Embedding } from '../nn/layers/embedding.ts'
import { Linear } from '../nn/layers/linear.ts'
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from '../nn/layers/transposed-convolution.ts'
import type { ModuleClass } from '../nn/module.ts'

/** Types of modules that own a weight which some pattern quantizes. */
export const supportedModules: readonly ModuleClass[] = [
  Linear,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  Embedding,
]
