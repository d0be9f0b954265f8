/** A node that Core ML cannot have; caught where all of them are collected. */
export class Refused extends RangeError {
  override readonly name: string = 'Refused'
}
