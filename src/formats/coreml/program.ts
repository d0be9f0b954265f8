import type { Dims } from '../../ir/dim.ts'
import type { MilValue } from '../../ir/mil-emitter.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import type { MilDType } from './mil-dtype.ts'

/** A value while its program is written: it may still be given another name. */
export class ProgramValue implements MilValue {
  name: string
  readonly shape: Dims
  readonly dtype: DType
  /** Its dtype in the program. */
  readonly milDType: MilDType | 'string'
  /** Whether an operation other than a constant makes it. */
  readonly isComputed: boolean

  constructor(
    name: string,
    type: { readonly shape: Dims; readonly dtype: DType; readonly milDType: MilDType | 'string' },
    isComputed: boolean,
  ) {
    this.name = name
    this.shape = type.shape
    this.dtype = type.dtype
    this.milDType = type.milDType
    this.isComputed = isComputed
  }
}

/** Elements of a constant, or a string. */
export type Literal = HostArray | string

/** An operation of a program. */
export type ProgramOperation =
  | { readonly kind: 'constant'; readonly output: ProgramValue; readonly literal: Literal }
  | {
      readonly kind: 'weight'
      readonly output: ProgramValue
      readonly data: HostArray
      readonly scale: HostArray
      readonly offset: HostArray
    }
  | {
      readonly kind: 'call'
      readonly type: string
      readonly args: Readonly<Record<string, readonly ProgramValue[]>>
      readonly outputs: readonly ProgramValue[]
    }

/** An ML program with one function. */
export interface Program {
  readonly inputs: readonly ProgramValue[]
  readonly operations: readonly ProgramOperation[]
  readonly outputs: readonly ProgramValue[]
}
