import { type CarrierDType, carrierOf } from '../lowering/onnx-dtype.ts'
import type { DType } from '../tensor/dtype.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { sizeOf } from '../tensor/shape.ts'
import type { StorageId } from './protocol.ts'

let lastId = 0

/** Above this size a handle carries ballast of its tensor's size. */
const BALLAST_BYTES = 2 ** 16

/** Handle of a tensor's data: on the host, or where the runs happen, or on its way there. */
export class Storage {
  readonly id: StorageId = ++lastId
  readonly dtype: DType
  readonly shape: readonly number[]
  /** The data, when it came from the host. */
  host: HostArray | undefined
  /** Whether the runtime holds it under `id` (or will, once what was sent to it is done). */
  resident: boolean
  /** Whether it is a parameter's or buffer's data, which changes only by assignment. */
  isState = false
  /** How often a run has read it; host data that is read again becomes resident. */
  reads = 0
  /** Resolves once the run that delivers it has ended, well or badly; undefined before that run was sent, and for what came from the host. */
  delivered: Promise<void> | undefined
  /** Why the data is gone, when it is. */
  lost: string | undefined
  /** Whether the run that was to deliver it failed: a state holds what it held before then. */
  isStale = false
  /** Why the run that was to deliver it failed. */
  failure: Error | undefined
  /**
   * Never touched memory of the size of what the runtime holds for this handle, so that the collector knows what the handle
   * costs and looks for dead ones in time.
   */
  readonly ballast: ArrayBuffer | undefined

  /** @param predecessor data that this one takes the place of, so that its ballast serves on */
  constructor(dtype: DType, shape: readonly number[], host?: HostArray, predecessor?: Storage) {
    this.dtype = dtype
    this.shape = shape
    this.host = host
    this.resident = host === undefined
    const bytes = sizeOf(shape) * 4
    if (host === undefined && bytes > BALLAST_BYTES) this.ballast = predecessor?.ballast ?? reserve(bytes)
  }

  get carrier(): CarrierDType {
    return carrierOf(this.dtype)
  }

  /** The run that was to deliver it has failed. State goes on with the data that it had `before`. */
  fail(failure: Error, before: Storage | undefined): void {
    this.isStale = true
    if (before === undefined || before.failure !== undefined) this.failure = failure
    else if (before.host !== undefined) {
      this.host = before.host
      this.resident = false
    }
  }
}

/** What cannot be reserved will fail to run, and the run can say why. */
function reserve(bytes: number): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(bytes)
  } catch {
    return undefined
  }
}
