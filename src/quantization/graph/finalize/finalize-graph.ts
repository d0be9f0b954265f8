import type { GraphModule } from '../../../nn/graph-module.ts'
import { ExportBackend } from '../../config/execution-mode.ts'
import { ExportError } from '../../export-error.ts'
import { FakeQuantize } from '../../fake-quantize/fake-quantize.ts'
import { foldBatchNorms } from './fold-batch-norms.ts'
import { GraphDraft } from './graph-draft.ts'
import { checkOnnxForm, quantizeForOnnx } from './onnx-form.ts'

/**
 * The prepared module as a backend needs it: batch norms folded, and but for `_TORCH` no fake quantizers any more. The prepared module stays as it is.
 * @throws ExportError for what the backend cannot express; nothing was changed
 */
export async function finalizeGraph(model: GraphModule, backend: ExportBackend): Promise<GraphModule> {
  const draft = new GraphDraft(model)
  if (backend !== ExportBackend._TORCH) {
    refuseDynamic(draft, backend)
    if (backend !== ExportBackend.ONNX) {
      throw new ExportError(
        `Cannot finalize for "${backend}": expected the backend "onnx" or "_torch", the only ones so far`,
        [],
      )
    }
    checkOnnxForm(draft)
  }
  await foldBatchNorms(draft)
  if (backend === ExportBackend.ONNX) await quantizeForOnnx(draft)
  return draft.finish({ updates: backend === ExportBackend._TORCH })
}

/** Ranges that are computed anew at every call cannot be written down. */
function refuseDynamic(draft: GraphDraft, backend: ExportBackend): void {
  const dynamic = draft.nodes.filter(
    (node) => draft.called(node, FakeQuantize)?.qparams_calculator.isStateless,
  )
  if (dynamic.length === 0) return
  const names = dynamic.map(({ name }) => name)
  throw new ExportError(
    `Cannot finalize for "${backend}": expected stored scales, got the dynamic calculator at ${names.join(', ')}`,
    names,
  )
}
