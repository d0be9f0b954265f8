import type { GraphInput } from '../../ir/graph.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { contentOf } from '../onnx/state-initializer.ts'
import type { OnnxSource } from '../onnx-reader/onnx-source.ts'

/** Parameters and buffers of a graph whose elements are not those of the file any more, by path. */
export async function changedStates(
  module: GraphModule,
  inputs: readonly GraphInput[],
  { states }: OnnxSource,
): Promise<ReadonlyMap<string, HostArray>> {
  const before = new Map(states.map(({ path, content }) => [path, content]))
  const changed = new Map<string, HostArray>()
  for (const { name, kind } of inputs) {
    const old = before.get(name)
    if (kind !== 'state' || old === undefined) continue
    const content = await contentOf(module, name)
    if (!isEqual(old, content)) changed.set(name, content)
  }
  return changed
}

function isEqual(a: HostArray, b: HostArray): boolean {
  if (a === b) return true
  if (a.dtype !== b.dtype || a.bytes.length !== b.bytes.length) return false
  for (let i = 0; i < a.bytes.length; i++) if (a.bytes[i] !== b.bytes[i]) return false
  return true
}
