import type { Tensor } from '../../engine/tensor.ts'
import { embedding } from '../functional/embedding.ts'
import { normalValues } from '../initialization.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'

/** Rows of a table by their numbers: [...] gives [..., embeddingDim]; weight [numEmbeddings, embeddingDim]. */
export class Embedding extends Module {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  weight: Parameter

  /**
   * @param options `paddingIdx`: a row that starts at 0 and gets no gradient, negative counts from the end; default null
   * @throws RangeError when there is no such row
   */
  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    { paddingIdx = null }: { readonly paddingIdx?: number | null } = {},
  ) {
    super()
    const row = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx
    if (row !== null && !(row >= 0 && row < numEmbeddings)) {
      throw new RangeError(
        `Cannot make a "Embedding": expected a paddingIdx below ${numEmbeddings}, got ${paddingIdx}`,
      )
    }
    this.numEmbeddings = numEmbeddings
    this.embeddingDim = embeddingDim
    this.paddingIdx = row
    const table = normalValues([numEmbeddings, embeddingDim])
    if (row !== null) table.bytes.fill(0, row * embeddingDim * 4, (row + 1) * embeddingDim * 4)
    this.weight = new Parameter(table)
  }

  override forward(indices: Tensor): Tensor {
    return embedding(indices, this.weight, { paddingIdx: this.paddingIdx ?? -1 })
  }
}
