/** Options that say how pictures become inputs, as the command line has them. */
export interface PictureOptions {
  /** Path of a preprocessor_config.json. */
  readonly preprocessor?: string
  readonly resize?: string
  readonly crop?: string
  readonly sizeDivisor?: number
  readonly resample?: string
  readonly colors?: string
  readonly layout?: string
  readonly scale?: string
  readonly mean?: string
  readonly std?: string
}
