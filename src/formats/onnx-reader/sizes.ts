import type { ValueInfoProto } from '../../codec/onnx.ts'
import { type Dim, type Dims, mulDims, symbol } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { computedDType, exactDType, onnxTypeName } from './onnx-dtypes.ts'
import { onnxFailure } from './onnx-failure.ts'
import type { SizeFact } from './size-conflict.ts'

/** Named sizes of a model, and what has been learned of them. */
export class Sizes {
  readonly #factors = new Map<string, number>()
  readonly #fixed = new Map<string, number>()
  readonly #same = new Map<string, string>()

  /** @param fixed sizes that the caller gives, by their names in the file */
  constructor(fixed: Readonly<Record<string, number>>) {
    for (const [name, size] of Object.entries(fixed)) {
      if (!Number.isInteger(size) || size < 0)
        throw new RangeError(
          `Cannot load a model: expected an integer of at least 0 as the size "${name}", got ${size}`,
        )
      this.#fixed.set(symbolName(name), size)
    }
  }

  /** Takes in what has to hold. */
  learn({ symbol: name, factor, fixed, same }: SizeFact): void {
    if (factor !== undefined) this.#factors.set(name, (this.#factors.get(name) ?? 1) * factor)
    else if (fixed !== undefined) this.#fixed.set(name, fixed * (this.#factors.get(name) ?? 1))
    else if (same !== undefined) this.#same.set(name, same)
  }

  /** The size that a name of the file stands for. */
  named(text: string): Dim {
    const name = symbolName(text)
    const fixed = this.#fixed.get(name)
    if (fixed !== undefined) return fixed
    const same = this.#same.get(name)
    if (same !== undefined) return this.named(same)
    return mulDims(symbol(name), this.#factors.get(name) ?? 1)
  }

  /** Type of a declared value; undefined where its shape or type is left open. Sizes without a name get one of their own. */
  typeOf({ name, type }: ValueInfoProto, isInput: boolean): TensorType | undefined {
    if (type?.value.case !== 'tensorType') return undefined
    const { elemType, shape } = type.value.value
    const dtype = isInput ? exactDType(elemType) : computedDType(elemType)
    if (dtype === undefined && isInput)
      throw onnxFailure(name, 'an input of a dtype that lowbit has', onnxTypeName(elemType))
    if (dtype === undefined || shape === undefined) return undefined
    const dims: Dims = shape.dim.map(({ value }, axis) => {
      if (value.case === 'dimValue' && value.value >= 0n) return sizeOfNumber(name, value.value)
      if (value.case === 'dimValue' && value.value < -1n)
        throw onnxFailure(name, 'sizes of at least 0', `${value.value}`)
      return this.named(value.case === 'dimParam' && value.value !== '' ? value.value : `${name}_${axis}`)
    })
    return { shape: dims, dtype }
  }
}

function sizeOfNumber(name: string, value: bigint): number {
  if (value > 2n ** 40n) throw onnxFailure(name, 'a size that a tensor can have', `${value}`)
  return Number(value)
}

/** A name as sizes may have it. */
function symbolName(text: string): string {
  const name = text.replace(/[^\w.]+/g, '_')
  return /^[A-Za-z_]/.test(name) ? name : `s_${name}`
}
