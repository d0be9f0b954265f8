import type { FolderFiles } from '../../codec/atomic-folder.ts'
import { encodeCoreMLModel } from '../../codec/coreml.ts'
import type { CoreMLParts } from './coreml-model.ts'

const AUTHOR = 'com.apple.CoreML'

/** The files of a package: the model, its weights, and the manifest that names them. */
export function packageFiles({ model, blobs }: CoreMLParts): FolderFiles {
  const modelId = globalThis.crypto.randomUUID()
  const item = (description: string, name: string) => ({
    author: AUTHOR,
    description,
    name,
    path: `${AUTHOR}/${name}`,
  })
  const manifest = {
    fileFormatVersion: '1.0.0',
    itemInfoEntries: {
      [modelId]: item('CoreML Model Specification', 'model.mlmodel'),
      [globalThis.crypto.randomUUID()]: item('CoreML Model Weights', 'weights'),
    },
    rootModelIdentifier: modelId,
  }
  return {
    [`Data/${AUTHOR}/model.mlmodel`]: encodeCoreMLModel(model),
    [`Data/${AUTHOR}/weights/weight.bin`]: blobs.pieces(),
    'Manifest.json': new TextEncoder().encode(JSON.stringify(manifest, null, 4)),
  }
}
