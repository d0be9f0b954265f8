/** What came out of a deflated stream, or why nothing did. */
export type Inflated =
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly problem: 'damaged' | 'longer' | 'shorter'
      readonly sizeBytes: number
      readonly cause?: unknown
    }

/** Inflates a raw deflate stream that has to give exactly `sizeBytes`. Stops as soon as more comes out, so that memory is bounded by what was declared. */
export async function inflate(compressed: Uint8Array<ArrayBuffer>, sizeBytes: number): Promise<Inflated> {
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  const reader = stream.getReader()
  const bytes = new Uint8Array(sizeBytes)
  let reached = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (reached + value.byteLength > sizeBytes) {
        await reader.cancel()
        return { problem: 'longer', sizeBytes: reached + value.byteLength }
      }
      bytes.set(value, reached)
      reached += value.byteLength
    }
  } catch (cause) {
    return { problem: 'damaged', sizeBytes: reached, cause }
  }
  return reached === sizeBytes ? { bytes } : { problem: 'shorter', sizeBytes: reached }
}
