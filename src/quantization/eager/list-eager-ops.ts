import { noGrad, recorder } from '../../engine/recorder.ts'
import { tensorsIn } from '../../engine/tensor.ts'
import { type AnyModule, type Module, watchCalls } from '../../nn/module.ts'
import { type CallFrame, enterFrame, expectInnermost, leaveFrame } from './call-frames.ts'
import { evaluating } from './evaluating.ts'
import { functionOf } from './tensor-functions.ts'

/** An operation of a model by the names that eager mode has for it. */
export interface EagerOp {
  /** Name as `op_name_config` knows it: path of the module, base name of the function, number of the call from the second on. */
  readonly name: string
  /** Type as `op_type_config` knows it, or the base name of a function that has none. */
  readonly type: string
  /** Path of the module whose forward makes the call. */
  readonly module: string
  /** Whether settings of operations reach it. */
  readonly isQuantizable: boolean
}

/**
 * Every operation of one forward of a model, in order, by the names that eager mode has for it. A module that is called several times is listed once, with the
 * operations of its first call. Runs the forward, in evaluation.
 */
export function listEagerOps(model: AnyModule, exampleInputs: readonly unknown[]): Promise<EagerOp[]> {
  const ops: EagerOp[] = []
  const traversed = new Set<AnyModule>()
  const unwatch = Array.from(model.namedModules(), ([path, module]) =>
    watchCalls(module, () => {
      const counts = new Map<string, number>()
      const frame: CallFrame = {
        path,
        interceptor: (call, proceed) => {
          const { name: base, type } = functionOf(call)
          const count = counts.get(base) ?? 0
          counts.set(base, count + 1)
          const local = count === 0 ? base : `${base}_${count}`
          const name = path === '' ? local : `${path}.${local}`
          if (!traversed.has(module))
            ops.push({ name, type: type ?? base, module: path, isQuantizable: type !== null })
          return proceed(call.inputs)
        },
      }
      enterFrame(frame)
      return {
        leave() {
          expectInnermost(frame)
          leaveFrame(frame)
          traversed.add(module)
        },
        fail: () => leaveFrame(frame),
      }
    }),
  )
  return evaluating(model, async () => {
    try {
      const callable: Module<readonly unknown[], unknown> = Object(model)
      const output = await noGrad(() => callable(...exampleInputs))
      // Nobody reads what the forward computes.
      for (const tensor of tensorsIn(output)) recorder.pending.delete(tensor)
    } finally {
      for (const end of unwatch) end()
    }
    return ops
  })
}
