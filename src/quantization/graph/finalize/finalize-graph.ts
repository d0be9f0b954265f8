import type { GraphModule } from '../../../nn/graph-module.ts'
import { ExportBackend } from '../../config/execution-mode.ts'
import { checkCoreAIForm, quantizeForCoreAI } from './coreai-form.ts'
import { checkCoreMLForm, quantizeForCoreML } from './coreml-form.ts'
import { foldBatchNorms } from './fold-batch-norms.ts'
import { GraphDraft } from './graph-draft.ts'
import { checkOnnxForm, quantizeForOnnx } from './onnx-form.ts'

/** How a backend is served: what it cannot express is found before anything is quantized. */
interface BackendForm {
  readonly check: (draft: GraphDraft) => void
  readonly quantize: (draft: GraphDraft) => Promise<void>
}

const FORMS: Readonly<Record<ExportBackend, BackendForm | null>> = {
  [ExportBackend._TORCH]: null,
  [ExportBackend.CoreAI]: { check: checkCoreAIForm, quantize: quantizeForCoreAI },
  [ExportBackend.CoreML]: { check: checkCoreMLForm, quantize: quantizeForCoreML },
  [ExportBackend.ONNX]: { check: checkOnnxForm, quantize: quantizeForOnnx },
}

/**
 * The prepared module as a backend needs it: batch norms folded, and but for `_TORCH` no fake quantizers any more. The prepared module stays as it is.
 * @throws ExportError for what the backend cannot express, and the reason of the signal; nothing was changed
 */
export async function finalizeGraph(
  model: GraphModule,
  backend: ExportBackend,
  signal?: AbortSignal,
): Promise<GraphModule> {
  const form = FORMS[backend]
  const draft = new GraphDraft(model, signal)
  await foldBatchNorms(draft)
  form?.check(draft)
  await form?.quantize(draft)
  signal?.throwIfAborted()
  return draft.finish({ updates: form === null, keepsStates: backend !== ExportBackend.ONNX })
}
