import type { Node, Value } from '../ir/node.ts'
import type { Operation } from '../ir/operation.ts'
import { substitute } from '../ir/substitute.ts'
import { defineOp } from '../ops/define-op.ts'

/** The operation and the arguments with which its nodes are made: the number that tells pieces apart. */
export interface PieceOperation {
  readonly op: Operation<{ readonly piece: number }>
  readonly attrs: { readonly piece: number }
}

let lastPiece = 0

/** A piece of a recording as one operation, which is composed of it: from stand-ins for its inputs to its outputs. No gradient flows through it. */
export function pieceOperation(
  standIns: readonly Value[],
  nodes: readonly Node[],
  outputs: readonly Value[],
): PieceOperation {
  const op = defineOp<{ readonly piece: number }>({
    name: 'lowbit.repeated_call',
    infer: () => outputs,
    gradient: 'none',
    compose(inputs) {
      const replacements = standIns.flatMap((standIn, i) => {
        const input = inputs[i]
        return input ? [[standIn, input] as const] : []
      })
      return substitute(nodes, outputs, new Map(replacements)).outputs
    },
    lower() {
      throw new RangeError(
        'Cannot lower a repeated call: expected what it is composed of, got itself (a bug in lowbit)',
      )
    },
  })
  return { op, attrs: { piece: ++lastPiece } }
}
