import type { Attributes } from '../src/ir/attributes.ts'
import type { Operation, TensorType } from '../src/ir/operation.ts'

/** An operation for tests of what must not depend on any particular one. Its output has the type of its first input unless `infer` says otherwise. */
export function fakeOperation<A extends Attributes = Attributes>(
  name: string,
  facts: Partial<Operation<A>> = {},
): Operation<A> {
  return {
    name,
    infer: ([first]) => [first ?? { shape: [], dtype: 'float32' }],
    gradient: 'none',
    lower: (e) => [e.inputs[0] ?? ''],
    ...facts,
  }
}

/** A float32 type. */
export function float32(...shape: TensorType['shape']): TensorType {
  return { shape, dtype: 'float32' }
}
