import type { Operation } from '../ir/operation.ts'
import { defineOp } from '../ops/define-op.ts'
import { inputAt } from '../ops/inference.ts'

/**
 * A call of a submodule that keeps the type of its first input, within the graph of a GraphModule (a fake quantizer). `target` is the
 * submodule's path. It is not lowered: running the GraphModule records what the submodule records.
 */
export const callModule: Operation<{ readonly target: string }> = defineOp({
  name: 'lowbit.call_module',
  infer: (inputs) => [inputAt('lowbit.call_module', inputs, 0)],
  gradient: 'none',
  lower(_, { attrs }) {
    throw new TypeError(
      `Cannot lower the call of module "${attrs.target}": expected it to be recorded by a run (a bug in lowbit)`,
    )
  },
})
