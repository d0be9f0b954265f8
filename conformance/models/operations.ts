import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  type Buffer,
  Conv2d,
  cat,
  einsum,
  F,
  Flatten,
  Linear,
  MaxPool2d,
  Module,
  type Parameter,
  type Tensor,
} from 'lowbit'
import { bufferOf, parameterOf } from './state.ts'

/** Functions and methods on the module's own parameters, some in place. */
export class CallForms extends Module<[Tensor, Tensor], readonly Tensor[]> {
  w: Parameter = parameterOf([4, 4])
  bias: Parameter = parameterOf([4])
  k: Parameter = parameterOf([3, 2, 3, 3])
  buf: Buffer = bufferOf([4])

  override forward(x: Tensor, y: Tensor): readonly Tensor[] {
    const a = F.linear(x, this.w, this.bias)
    const b = F.linear(a, this.w)
    const c = b.add(y, { alpha: 2 })
    let d = c.add(y)
    d = d.add(1)
    d = d.mul(2)
    let e = d.clone()
    e = e.add_(c)
    e.mul_(0.5)
    e = e.sub_(b)
    let f = e.sub(y)
    f = f.matmul(this.w.t())
    f = f.matmul(this.w)
    const g = f.add(this.buf)
    const h = g.mul(this.bias)
    const z = cat([h, a], -1)
    const p = F.conv2d(z.reshape([-1, 2, 4, 4]), this.k, null, { padding: 1 })
    return [F.maxPool2d(p, 2), F.adaptiveAvgPool2d(p, 1), h.sub(3)]
  }
}

/** Sums, products and differences of tensors, state and numbers. */
export class AddMulSub extends Module {
  c1: Conv2d = new Conv2d(3, 4, 1)
  c2: Conv2d = new Conv2d(3, 4, 1)
  scale: Parameter = parameterOf([1, 4, 1, 1])
  shift: Buffer = bufferOf([1, 4, 1, 1])

  override forward(x: Tensor): Tensor {
    const a = this.c1(x)
    const b = this.c2(x)
    const c = a.add(b).relu()
    const d = a.mul(b.sigmoid())
    let e = c.sub(d)
    e = e.mul(this.scale).add(this.shift)
    const f = e.add(1.5)
    let g = f.clone()
    g = g.add_(c)
    return g.mul(2).sub(b)
  }
}

/** Branches that are concatenated. */
export class CatBlock extends Module {
  c1: Conv2d = new Conv2d(3, 4, 1)
  c2: Conv2d = new Conv2d(3, 4, 3, { padding: 1 })
  c3: Conv2d = new Conv2d(3, 2, 1)
  c4: Conv2d = new Conv2d(14, 4, 1)
  c5: Conv2d = new Conv2d(14, 3, 1)

  override forward(x: Tensor): Tensor {
    const a = this.c1(x).relu()
    const b = this.c2(x)
    const c = this.c3(x).sigmoid()
    const y = F.maxPool2d(cat([a, b], 1), 2)
    const z = cat([y, F.avgPool2d(cat([c, a], -3), 2)], 1)
    return this.c4(z).add(this.c5(z).mean(1, { keepdim: true }))
  }
}

/** Pooling of each kind. */
export class PoolBlock extends Module {
  c1: Conv2d = new Conv2d(3, 8, 3, { padding: 1 })
  mp: MaxPool2d = new MaxPool2d(2)
  ap: AvgPool2d = new AvgPool2d(2, { stride: 1 })
  aap: AdaptiveAvgPool2d = new AdaptiveAvgPool2d(2)
  fl: Flatten = new Flatten()
  fc: Linear = new Linear(32, 4)

  override forward(x: Tensor): Tensor {
    return this.fc(this.fl(this.aap(this.ap(this.mp(this.c1(x).relu())))))
  }
}

/** Matrix products of each kind. */
export class MatmulBlock extends Module<[Tensor, Tensor]> {
  w: Parameter = parameterOf([6, 6])
  l: Linear = new Linear(6, 6)

  override forward(x: Tensor, y: Tensor): Tensor {
    const a = x.matmul(y.transpose(1, 2))
    const b = a.bmm(y).relu()
    const c = this.l(b).matmul(this.w)
    const d = einsum('bij,bkj->bik', c, y)
    return d.matmul(y.tanh())
  }
}

/** Tensors of a single value, which are never quantized. */
export class Single extends Module {
  l: Linear = new Linear(3, 1)
  g: Linear = new Linear(1, 2)

  override forward(x: Tensor): Tensor {
    const y = this.l(x)
    const w = y.mean()
    return this.g(y).mul(w)
  }
}
