import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Tensor } from '../../engine/tensor.ts'
import { version } from '../../formats/version.ts'
import { namedStates } from '../../nn/model-layout.ts'
import type { OpenedModel } from '../open-model.ts'
import type { CandidateBase } from './candidate.ts'
import type { JournalKey } from './journal.ts'

/** What the results of a search depend on; its budget is not among it. */
export interface SearchSubject {
  readonly opened: OpenedModel
  readonly calibration: readonly (readonly Tensor[])[]
  readonly evaluation: readonly (readonly Tensor[])[]
  readonly base: CandidateBase
  readonly metric: string
}

/** Hashes of what the results of a search depend on. */
export async function searchKey({
  opened: { path, model },
  calibration,
  evaluation,
  base,
  metric,
}: SearchSubject): Promise<JournalKey> {
  const ofModel = createHash('sha256')
  for await (const piece of createReadStream(path)) ofModel.update(piece)
  // The file may keep its tensors in others.
  await addTensors(
    ofModel,
    namedStates(model).map(([, state]) => state),
  )
  const script = /\.[cm]?[jt]s$/.test(metric) ? await readFile(metric) : ''
  return {
    model: ofModel.digest('hex'),
    data: await hashOf([...calibration, [], ...evaluation].flat()),
    metric: createHash('sha256').update(metric).update(script).digest('hex'),
    options: JSON.stringify(base),
    version,
  }
}

async function hashOf(tensors: readonly Tensor[]): Promise<string> {
  const hash = createHash('sha256')
  await addTensors(hash, tensors)
  return hash.digest('hex')
}

async function addTensors(hash: Hash, tensors: readonly Tensor[]): Promise<void> {
  for (const tensor of tensors) {
    const { dtype, shape, bytes } = await tensor.array()
    hash.update(`${dtype} [${shape.join()}]`).update(bytes)
  }
}
