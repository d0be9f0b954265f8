import type { Operation } from '../ir/operation.ts'
import { defineOp } from '../ops/define-op.ts'
import { inputAt } from '../ops/inference.ts'

const COUNTER = 'num_batches_tracked'

/** `trainingOnly`: nothing is assigned while the graph evaluates. */
type AssignAttributes = { readonly trainingOnly: boolean }

/** Replaces a state, the first input, by the second within the graph of a GraphModule: what a captured forward assigned. */
export const assignState: Operation<AssignAttributes> = defineOp({
  name: 'lowbit.assign',
  infer: (inputs) => [inputAt('lowbit.assign', inputs, 1)],
  gradient: 'none',
  lower: (e) => [e.inputs[1] ?? ''],
  updates: () => [{ output: 0, input: 0 }],
})

/** Whether a state counts training steps: batch norms leave it alone in evaluation. */
export function countsTraining(path: string): boolean {
  return path === COUNTER || path.endsWith(`.${COUNTER}`)
}
