/** A node whose outputs' types follow neither from its inputs nor from the file. */
export class UntypedNode extends Error {
  override readonly name: string = 'UntypedNode'
  readonly opType: string
  readonly output: string

  constructor(title: string, opType: string, output: string) {
    super(`Cannot tell the type of "${output}", which ${title} makes`)
    this.opType = opType
    this.output = output
  }
}
