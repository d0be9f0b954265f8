import { type AnyModule, BatchNorm1d, BatchNorm2d, fromTypedArray, GraphModule, loadStateDict } from 'lowbit'
import { type HostArray, toFloat32 } from '../../src/tensor/index.ts'
import { varianceWithReferenceRoot } from './reference-roots.ts'

/** A running variance whose root scales the weight of a convolution, and what is added to it. */
export interface RootedVariance {
  /** Path of the buffer. */
  readonly name: string
  readonly eps: number
}

/** Convolutions that are joined with the batch norm that reads them. */
const JOINED = /^aten\.conv(?:_transpose)?[12]d$/

/** The running variances of the batch norms that graph mode joins with convolutions: those that read one. */
export function rootedVariances(model: AnyModule): RootedVariance[] {
  return model instanceof GraphModule ? variancesInGraph(model) : variancesOfLayers(model)
}

/**
 * Gives running variances the neighbouring values whose correctly rounded roots are the ones that the recordings have: in the last place a root is
 * the machine's that takes it, and weights at the border between two steps, or at the end of their range, go by it.
 */
export async function takeReferenceRoots(
  model: AnyModule,
  variances: readonly RootedVariance[],
): Promise<void> {
  const buffers = new Map(model.namedBuffers())
  const changed = new Map<string, HostArray>()
  for (const { name, eps } of variances) {
    const buffer = buffers.get(name)
    if (buffer === undefined) continue
    const array = await buffer.array()
    const values = toFloat32(array).map((variance) => varianceWithReferenceRoot(variance, eps))
    changed.set(name, fromTypedArray(values, array.shape))
  }
  if (changed.size > 0) loadStateDict(model, changed, { strict: false })
}

function variancesInGraph({ graph }: GraphModule): RootedVariance[] {
  const names = new Map(graph.inputs.map(({ value, name }) => [value, name]))
  return graph.nodes.flatMap(({ op, attrs, inputs: [y, , , , variance] }) => {
    const name = variance ? names.get(variance) : undefined
    const isJoined = op.name === 'aten.batch_norm' && JOINED.test(y?.node?.op.name ?? '')
    return isJoined && name !== undefined ? [{ name, eps: Number(attrs.eps) }] : []
  })
}

function variancesOfLayers(model: AnyModule): RootedVariance[] {
  return [...model.namedModules()].flatMap(([path, module]) =>
    module instanceof BatchNorm1d || module instanceof BatchNorm2d
      ? [{ name: `${path}.running_var`, eps: module.eps }]
      : [],
  )
}
