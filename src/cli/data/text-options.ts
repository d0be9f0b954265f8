/** Options that say how lines of text become inputs, as the command line has them. */
export interface TextOptions {
  /** Path of a tokenizer.json. */
  readonly tokenizer?: string
  /** Tokens of a line at most. */
  readonly maxLength?: number
}
