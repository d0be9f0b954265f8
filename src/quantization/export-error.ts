/** A quantized model that a backend cannot express; nothing was changed. */
export class ExportError extends Error {
  override readonly name: string = 'ExportError'
  /** Names of the tensors that stand in the way. */
  readonly tensors: readonly string[]

  constructor(message: string, tensors: readonly string[]) {
    super(message)
    this.tensors = tensors
  }
}
