import { Tensor } from '../../engine/tensor.ts'
import { setMember } from '../container.ts'
import { type AnyModule, Module } from '../module.ts'

/**
 * Modules that run one after the other, under the names '0', '1', ...; each takes a tensor and gives one.
 *
 * @example
 * new Sequential(new Linear(4, 3), new ReLU())
 */
export class Sequential extends Module {
  constructor(...modules: readonly Module[]) {
    super()
    modules.forEach((module, i) => {
      setMember(this, String(i), module)
    })
  }

  override forward(x: Tensor): Tensor {
    let y = x
    for (const [name, child] of this.namedChildren()) y = callNext(name, child, y)
    return y
  }
}

function callNext(name: string, module: AnyModule, x: Tensor): Tensor {
  const callable: Module<[Tensor], unknown> = Object(module)
  const y = callable(x)
  if (y instanceof Tensor) return y
  throw new TypeError(
    `Cannot run module "${name}" (${module.constructor.name}) of a Sequential: expected it to return a tensor, got ${typeof y}`,
  )
}
