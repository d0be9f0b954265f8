import type { MilEmitter, MilValue } from '../ir/mil-emitter.ts'

/** How an operation of one real argument is written that MIL has under a name of its own. */
export function milUnary(type: string): (e: MilEmitter) => readonly MilValue[] {
  return (e) => [e.op(type, { x: e.cast(e.input(0), 'float32') })]
}
