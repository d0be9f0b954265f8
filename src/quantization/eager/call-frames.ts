import { recorder } from '../../engine/recorder.ts'
import { StateError } from '../../engine/state-error.ts'
import type { CallInterceptor } from '../../engine/tensor-call.ts'

/** The call of a module whose functions are watched. */
export interface CallFrame {
  /** Path of the module. */
  readonly path: string
  /** What sees the functions that the module calls; undefined where nobody wants to. */
  readonly interceptor: CallInterceptor | undefined
}

/** Calls that have begun and not ended, the innermost last. An async forward that waits is among them. */
const open: CallFrame[] = []

/** How many calls are open. */
export function openFrames(): number {
  return open.length
}

/** A module's call begins: functions that are called belong to it until it ends or calls another module. */
export function enterFrame(frame: CallFrame): void {
  open.push(frame)
  recorder.interceptor = frame.interceptor
}

/** A module's call has ended; nothing happens when it was left before. */
export function leaveFrame(frame: CallFrame): void {
  const place = open.lastIndexOf(frame)
  if (place >= 0) open.splice(place, 1)
  recorder.interceptor = open.at(-1)?.interceptor
}

/** @throws StateError when a call that began later goes on: which of the two calls a function is not to be known then */
export function expectInnermost(frame: CallFrame): void {
  const top = open.at(-1)
  if (top === undefined || top === frame) return
  throw new StateError(
    `Cannot run module "${frame.path}": expected async forwards to be awaited one after the other, got the call of "${top.path}" at the same time`,
  )
}
