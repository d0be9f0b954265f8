// Importers of ONNX's operators, one table for each family. An operator that has no line here, or a form of one that its importer does
// not know, stays in the graph as it is.
import type { Importer } from '../node-call.ts'
import { activation } from './activation.ts'
import { attention } from './attention.ts'
import { convolution } from './convolution.ts'
import { elementwise } from './elementwise.ts'
import { indexing } from './indexing.ts'
import { matrix } from './matrix.ts'
import { normalization } from './normalization.ts'
import { pooling } from './pooling.ts'
import { quantization } from './quantization.ts'
import { recurrence } from './recurrent.ts'
import { reduction } from './reduction.ts'
import { resampling } from './resampling.ts'
import { shape } from './shape.ts'

/** Importers by the operator's name. */
export const importers: ReadonlyMap<string, Importer> = new Map(
  [
    activation,
    attention,
    convolution,
    elementwise,
    indexing,
    matrix,
    normalization,
    pooling,
    quantization,
    recurrence,
    reduction,
    resampling,
    shape,
  ].flatMap((family) => Object.entries(family)),
)
