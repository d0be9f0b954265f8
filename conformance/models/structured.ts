import { Linear, Module, type Parameter, type Tensor } from 'lowbit'
import { parameterOf } from './state.ts'

/** What a `Sub` gives. */
interface Parts {
  readonly y: Tensor
  readonly z: readonly [Tensor, Tensor]
}

/** A module of structured inputs and outputs. */
class Sub extends Module<[Tensor, readonly [Tensor, Tensor]], Parts> {
  l: Linear = new Linear(6, 6)
  scale: Parameter = parameterOf([6])

  override forward(x: Tensor, [a, b]: readonly [Tensor, Tensor]): Parts {
    return { y: this.l(x).mul(this.scale).add(a), z: [b.sub(x), b] }
  }
}

/** Modules that hand structures to each other. */
export class Structured extends Module {
  pre: Linear = new Linear(6, 6)
  s1: Sub = new Sub()
  s2: Sub = new Sub()
  post: Linear = new Linear(6, 2)

  override forward(input: Tensor): Tensor {
    const x = this.pre(input)
    const first = this.s1(x, [x.add(1), x.mul(2)])
    const second = this.s2(first.y, [first.z[0], first.z[1]])
    return this.post(second.y.relu().add(second.z[0]))
  }
}
