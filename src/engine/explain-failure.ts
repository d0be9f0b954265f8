import { formatType } from '../ir/node.ts'
import { RunError } from './device.ts'
import { storageOf } from './placement.ts'
import type { Program } from './program.ts'
import { StateError } from './state-error.ts'

/** Where ONNX Runtime's messages name a node: with the number and the origin that lowering gave it. */
const NODE_NAME = /\d+\|([\w.]+(?: in module "[^"]*" \([^)]*\))?)/

/** Where they name an output whose shape is not what inference said. */
const OUTPUT_NAME = /for output: o(\d+) /

/** What stands before and around the reason in ONNX Runtime's messages. */
const DECORATION = [/^.*Status Message: /s, /\S*onnxruntime\S*:\d+ [^()]*\([^()]*\)(?: const)? /g]

/**
 * A failure of a program's run in the words of what was recorded: which operation of which module it was, and why.
 * A run that fails because of an earlier one has that one's cause.
 */
export function explainFailure(error: unknown, program: Program): Error {
  if (!(error instanceof RunError)) return error instanceof Error ? error : new StateError(String(error))
  const { stage, message, output } = error.failure
  if (stage === 'input') {
    const earlier = program.inputs
      .map((leaf) => storageOf(leaf)?.failure)
      .find((failure) => failure !== undefined)
    if (earlier !== undefined) return earlier
  }
  const reason = DECORATION.reduce((text, pattern) => text.replace(pattern, ''), message).trim()
  const value = output === undefined ? undefined : program.outputs[Number(output.slice(1))]
  if (value !== undefined) {
    return new StateError(
      `Cannot run "${value.node?.origin}": expected room for ${formatType(value)}, got none: ${reason}`,
      {
        cause: error,
      },
    )
  }
  const place = OUTPUT_NAME.exec(message)?.[1]
  const named =
    place === undefined ? NODE_NAME.exec(message)?.[1] : program.outputs[Number(place)]?.node?.origin
  const subject = named ?? graphOf(program)
  return new StateError(`Cannot ${stage === 'compile' ? 'compile' : 'run'} "${subject}": ${reason}`, {
    cause: error,
  })
}

function graphOf({ nodes }: Program): string {
  return nodes.length === 1 ? 'a graph of one operation' : `a graph of ${nodes.length} operations`
}
