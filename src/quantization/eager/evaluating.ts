import type { AnyModule } from '../../nn/module.ts'

/** Runs a body with the model in evaluation, and puts every module back. */
export async function evaluating<T>(model: AnyModule, body: () => Promise<T>): Promise<T> {
  const before = Array.from(model.namedModules(), ([, module]) => [module, module.training] as const)
  model.eval()
  try {
    return await body()
  } finally {
    for (const [module, training] of before) module.training = training
  }
}
