// The operations: ATen's and lowbit's own, one definition each (inference, gradient, lowering, quantization facts).
// This layer must not know how graphs are run. A new operation gets its file, its line here, and its rows among the goldens.
import type { Operation } from '../ir/operation.ts'
import { activationOperations } from './activation/index.ts'
import { attentionOperations } from './attention/index.ts'
import { convolutionOperations } from './convolution/index.ts'
import { creationOperations } from './creation/index.ts'
import { elementwiseOperations } from './elementwise/index.ts'
import { furtherOperations } from './further-operations.ts'
import { indexingOperations } from './indexing/index.ts'
import { matrixOperations } from './matrix/index.ts'
import { normalizationOperations } from './normalization/index.ts'
import { poolingOperations } from './pooling/index.ts'
import { quantizationOperations } from './quantization/index.ts'
import { randomOperations } from './random/index.ts'
import { recurrentOperations } from './recurrent/index.ts'
import { reductionOperations } from './reduction/index.ts'
import { shapeOperations } from './shape/index.ts'

/** Every operation, in the order of their files. */
export const operations: readonly Operation[] = [
  ...activationOperations,
  ...convolutionOperations,
  ...poolingOperations,
  ...creationOperations,
  ...elementwiseOperations,
  ...reductionOperations,
  ...randomOperations,
  ...shapeOperations,
  ...matrixOperations,
  ...normalizationOperations,
  ...attentionOperations,
  ...recurrentOperations,
  ...indexingOperations,
  ...furtherOperations,
  ...quantizationOperations,
]
