import type { FileHandle } from 'node:fs/promises'
import { unwritable } from '../../codec/atomic-file.ts'
import { type ByteSource, openSource } from '../../codec/byte-source.ts'
import type { SafetensorsEntry } from '../../codec/safetensors-header.ts'
import { codeBytes } from '../../quantization/weights/quantize-runs.ts'
import { type RunQuantizer, runQuantizer } from '../../quantization/weights/run-quantizer.ts'
import { WeightKernel } from '../../quantization/weights/weight-kernel.ts'
import type { PlacedWeight } from './weight-model.ts'
import { partLength, type WeightPart } from './weight-parts.ts'
import type { PlannedRuns } from './weight-plan.ts'

/** Where parts are read and written. */
export interface PartFiles {
  readonly source: string
  /** A file that is there already. */
  readonly target: string
  /** What messages call it. */
  readonly targetName: string
}

/** Reads parts of weights, quantizes them, and writes them where the plan has them: one part at a time, in memory that each part uses again. */
export class PartWriter {
  readonly #source: ByteSource
  readonly #target: FileHandle
  readonly #targetName: string
  readonly #kernel: WeightKernel | undefined = WeightKernel.create()
  /** What quantizes the weight that was last. */
  #current: { readonly placed: PlacedWeight; readonly quantizer: RunQuantizer } | undefined

  private constructor(source: ByteSource, target: FileHandle, targetName: string) {
    this.#source = source
    this.#target = target
    this.#targetName = targetName
  }

  /** @throws FileError for files that cannot be opened */
  static async open({ source, target, targetName }: PartFiles): Promise<PartWriter> {
    const { open } = await import('node:fs/promises')
    const input = await openSource(source)
    try {
      return new PartWriter(input, await open(target, 'r+'), targetName)
    } catch (cause) {
      await input.close()
      throw unwritable(targetName, cause)
    }
  }

  async close(): Promise<void> {
    await this.#source.close()
    await this.#target.close()
  }

  /**
   * @throws RangeError for infinite values and NaN, which no scale can stand for
   * @throws FileError when the source cannot be read or the target cannot be written
   */
  async write(part: WeightPart): Promise<void> {
    const { entry, quantized } = part.placed.weight
    if (quantized === null) await this.#copy(part, entry)
    else await this.#quantize(part, entry, quantized)
  }

  async #copy({ placed, start, count }: WeightPart, { begin }: SafetensorsEntry): Promise<void> {
    const [stored] = placed.tensors
    if (stored !== undefined)
      await this.#put(await this.#source.read(begin + start, count), stored.offset + start)
  }

  async #quantize(
    { placed, start, count }: WeightPart,
    { name, begin }: SafetensorsEntry,
    runs: PlannedRuns,
  ): Promise<void> {
    const [codes, scales] = placed.tensors
    if (codes === undefined || scales === undefined) return
    const quantizer = this.#quantizerOf(placed, runs)
    const input = quantizer.input(count)
    await this.#source.readInto(begin + start * (input.byteLength / count), input)
    const result = quantizer.quantize(count)
    if (result === undefined)
      throw new RangeError(`Cannot quantize "${name}": expected finite values, got an infinite one or NaN`)
    await this.#put(result.codes, codes.offset + codeBytes(runs.dtype, start))
    const { buffer, byteOffset, byteLength } = result.scales
    await this.#put(
      new Uint8Array(buffer, byteOffset, byteLength),
      scales.offset + (start / runs.runLength) * 4,
    )
  }

  #quantizerOf(placed: PlacedWeight, runs: PlannedRuns): RunQuantizer {
    if (this.#current?.placed === placed) return this.#current.quantizer
    const quantizer = runQuantizer({ ...runs, capacity: partLength(runs) }, this.#kernel)
    this.#current = { placed, quantizer }
    return quantizer
  }

  async #put(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.byteLength; ) {
        const left = bytes.byteLength - done
        done += (await this.#target.write(bytes, done, left, position + done)).bytesWritten
      }
    } catch (cause) {
      throw unwritable(this.#targetName, cause)
    }
  }
}
