import { KERNEL_BASE64 } from './weight-kernel-bytes.ts'

const PAGE_BYTES = 2 ** 16
/** Less than the 4 GiB that have addresses, so that the size of the memory is a number of 32 bits too. */
const MAX_PAGES = 2 ** 16 - 1
/** The vectors of the kernel are loaded fastest from multiples of this. */
const ALIGNMENT = 64

/** The functions of assembly/weight-kernel.ts. Addresses are bytes in the kernel's memory. */
interface KernelFunctions {
  largestMagnitudes(values: number, runs: number, runLength: number, magnitudes: number): void
  quantizeRuns(
    values: number,
    runs: number,
    runLength: number,
    scales: number,
    minvals: number,
    zeroPoints: number,
    quantMin: number,
    quantMax: number,
    codes: number,
  ): void
  packNibbles(codes: number, count: number, packed: number): void
  widenBfloat16(codes: number, count: number, values: number): void
  widenFloat16(codes: number, count: number, values: number): void
}

/** The functions of assembly/weight-kernel.ts as WebAssembly with vectors, and the memory that they work on. */
export class WeightKernel {
  readonly functions: KernelFunctions
  readonly #memory: WebAssembly.Memory

  private constructor(module: WebAssembly.Module) {
    this.#memory = new WebAssembly.Memory({ initial: 0, maximum: MAX_PAGES })
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } })
    // What the bytes export is held by the test that compiles them.
    this.functions = exports as unknown as KernelFunctions
  }

  /** A kernel with memory of its own; undefined where there is no WebAssembly with vectors, or a page forbids to compile it. */
  static create(): WeightKernel | undefined {
    compiled ??= compile()
    return compiled === null ? undefined : new WeightKernel(compiled)
  }

  /**
   * Makes room for some regions, and gives the address of each. What was in memory is lost, and so are views of it.
   * @returns undefined when there is not enough memory
   */
  reserve(sizes: readonly number[]): number[] | undefined {
    let end = 0
    const addresses = sizes.map((sizeBytes) => {
      const address = end
      end += Math.ceil(sizeBytes / ALIGNMENT) * ALIGNMENT
      return address
    })
    const missing = Math.ceil((end - this.#memory.buffer.byteLength) / PAGE_BYTES)
    try {
      if (missing > 0) this.#memory.grow(missing)
    } catch {
      return undefined
    }
    return addresses
  }

  /** A view of memory, until more is reserved. */
  bytes(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, address, length)
  }

  /** As `bytes`, of integers. */
  integers(address: number, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#memory.buffer, address, length)
  }

  /** As `bytes`, of float32 values. */
  floats(address: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer, address, length)
  }
}

/** Null after a failure. */
let compiled: WebAssembly.Module | null | undefined

/** The bytes are few enough for pages, which compile only small modules at once. */
function compile(): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(Uint8Array.from(atob(KERNEL_BASE64), (char) => char.charCodeAt(0)))
  } catch {
    return null
  }
}
