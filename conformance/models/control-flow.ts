import { Linear, Module, type Tensor, zeros } from 'lowbit'

/** Which layer runs depends on the size of the batch. */
export class IfShape extends Module {
  a: Linear = new Linear(6, 8)
  b: Linear = new Linear(6, 8)
  out: Linear = new Linear(8, 3)

  override forward(x: Tensor): Tensor {
    const isLarge = (x.shape[0] ?? 0) > 2
    const y = isLarge ? this.a(x).relu() : this.b(x).add(x.sum(1, { keepdim: true }))
    return this.out(y)
  }
}

/** Which operations run depends on a value. */
export class IfValue extends Module<[Tensor], Promise<Tensor>> {
  a: Linear = new Linear(5, 5)
  b: Linear = new Linear(5, 5)

  override async forward(x: Tensor): Promise<Tensor> {
    let y = this.a(x)
    if ((await y.mean().item()) > 0) y = y.mul(2).sub(x)
    else y = this.b(y).add(x)
    return y.matmul(x.t())
  }
}

/** A recurrent cell in a loop over the steps of [batch, steps, 4]. */
export class LoopReuse extends Module {
  inp: Linear = new Linear(4, 6)
  cell: Linear = new Linear(6, 6)
  mix: Linear = new Linear(6, 6)
  head: Linear = new Linear(6, 2)

  override forward(x: Tensor): Tensor {
    const [batch = 0, steps = 0] = x.shape
    let h = zeros([batch, 6]).add(0.1)
    for (let t = 0; t < steps; t++) {
      h = this.inp(x.select(1, t)).add(this.cell(h)).tanh()
      h = h.mul(this.mix(h))
    }
    return this.head(h)
  }
}

/** A loop that ends by a value, after three rounds at the latest. */
export class WhileNorm extends Module<[Tensor], Promise<Tensor>> {
  f: Linear = new Linear(4, 4)
  g: Linear = new Linear(4, 4)

  override async forward(input: Tensor): Promise<Tensor> {
    let x = input
    for (let round = 0; round < 3 && (await x.abs().amax().item()) > 0.5; round++) x = this.f(x).mul(0.5)
    return this.g(x)
  }
}
