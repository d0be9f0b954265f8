import type { writeSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { unwritable } from '../../codec/atomic-file.ts'
import { type FileSource, openFileSource } from '../../codec/byte-source.ts'
import type { SafetensorsEntry } from '../../codec/safetensors-header.ts'
import { codeBytes } from '../../quantization/weights/quantize-runs.ts'
import { type RunQuantizer, runQuantizer } from '../../quantization/weights/run-quantizer.ts'
import { WeightKernel } from '../../quantization/weights/weight-kernel.ts'
import type { PlacedWeight } from './weight-model.ts'
import { partLength, type WeightPart } from './weight-parts.ts'
import type { PlannedRuns } from './weight-plan.ts'

/** So much is written before the disk is asked to take it, so that it works while the processor does and nothing is left to wait for at the end. */
const FLUSH_BYTES = 2 ** 24

/** Where parts are read and written. */
export interface PartFiles {
  readonly source: string
  /** A file that is there already. */
  readonly target: string
  /** What messages call it. */
  readonly targetName: string
}

interface Target {
  readonly file: FileHandle
  /** What messages call it. */
  readonly name: string
  readonly writeSync: typeof writeSync
}

/**
 * Reads parts of weights, quantizes them, and writes them where the plan has them: one part at a time, in memory that each part uses again. The thread waits for
 * its files: to hand so many small pieces to others would take as long again as the work.
 */
export class PartWriter {
  readonly #source: FileSource
  readonly #target: Target
  readonly #kernel: WeightKernel | undefined = WeightKernel.create()
  /** What quantizes the weight that was last. */
  #current: { readonly placed: PlacedWeight; readonly quantizer: RunQuantizer } | undefined
  #unflushedBytes = 0
  #flush: Promise<void> | undefined

  private constructor(source: FileSource, target: Target) {
    this.#source = source
    this.#target = target
  }

  /** @throws FileError for files that cannot be opened */
  static async open({ source, target, targetName }: PartFiles): Promise<PartWriter> {
    const { open } = await import('node:fs/promises')
    const { writeSync } = await import('node:fs')
    const input = await openFileSource(source)
    try {
      return new PartWriter(input, { file: await open(target, 'r+'), name: targetName, writeSync })
    } catch (cause) {
      await input.close()
      throw unwritable(targetName, cause)
    }
  }

  async close(): Promise<void> {
    await this.#source.close()
    try {
      await this.#flush
    } finally {
      await this.#target.file.close()
    }
  }

  /**
   * @throws RangeError for infinite values and NaN, which no scale can stand for
   * @throws FileError when the source cannot be read or the target cannot be written
   */
  async write(part: WeightPart): Promise<void> {
    const { entry, quantized } = part.placed.weight
    try {
      if (quantized === null) this.#copy(part, entry)
      else this.#quantize(part, entry, quantized)
      await this.#flushBehind()
    } catch (cause) {
      throw unwritable(this.#target.name, cause)
    }
  }

  #copy({ placed, start, count }: WeightPart, { begin }: SafetensorsEntry): void {
    const [stored] = placed.tensors
    if (stored === undefined) return
    const bytes = new Uint8Array(count)
    this.#source.readIntoNow(begin + start, bytes)
    this.#put(bytes, stored.offset + start)
  }

  #quantize(
    { placed, start, count }: WeightPart,
    { name, begin }: SafetensorsEntry,
    runs: PlannedRuns,
  ): void {
    const [codes, scales] = placed.tensors
    if (codes === undefined || scales === undefined) return
    const quantizer = this.#quantizerOf(placed, runs)
    const input = quantizer.input(count)
    this.#source.readIntoNow(begin + start * (input.byteLength / count), input)
    const result = quantizer.quantize(count)
    if (result === undefined)
      throw new RangeError(`Cannot quantize "${name}": expected finite values, got an infinite one or NaN`)
    this.#put(result.codes, codes.offset + codeBytes(runs.dtype, start))
    const { buffer, byteOffset, byteLength } = result.scales
    this.#put(new Uint8Array(buffer, byteOffset, byteLength), scales.offset + (start / runs.runLength) * 4)
  }

  #quantizerOf(placed: PlacedWeight, runs: PlannedRuns): RunQuantizer {
    if (this.#current?.placed === placed) return this.#current.quantizer
    const quantizer = runQuantizer({ ...runs, capacity: partLength(runs) }, this.#kernel)
    this.#current = { placed, quantizer }
    return quantizer
  }

  #put(bytes: Uint8Array, position: number): void {
    const { file, writeSync } = this.#target
    for (let done = 0; done < bytes.byteLength; )
      done += writeSync(file.fd, bytes, done, bytes.byteLength - done, position + done)
    this.#unflushedBytes += bytes.byteLength
  }

  /** Lets the disk begin with what was written, when it is done with what was written before. */
  async #flushBehind(): Promise<void> {
    if (this.#unflushedBytes < FLUSH_BYTES) return
    this.#unflushedBytes = 0
    await this.#flush
    this.#flush = this.#target.file.datasync()
    // Whoever waits for it next is told.
    this.#flush.catch(() => undefined)
  }
}
