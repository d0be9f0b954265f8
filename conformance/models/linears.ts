import { BatchNorm1d, Conv2d, F, LayerNorm, Linear, LSTM, Module, type Parameter, type Tensor } from 'lowbit'
import { parameterOf } from './state.ts'

/** Linear layers with an activation of each kind. */
export class LinearActs extends Module {
  l1: Linear = new Linear(16, 32)
  l2: Linear = new Linear(32, 32, { bias: false })
  l3: Linear = new Linear(32, 32)
  bn: BatchNorm1d = new BatchNorm1d(32)
  l4: Linear = new Linear(32, 16)
  l5: Linear = new Linear(16, 8)
  l6: Linear = new Linear(8, 8)

  override forward(x: Tensor): Tensor {
    let y = this.l1(x).relu()
    y = F.gelu(this.l2(y))
    y = this.bn(this.l3(y)).relu()
    y = this.l4(y).sigmoid()
    y = this.l5(y).relu()
    return this.l6(y).logSoftmax(-1)
  }
}

/** Two linear layers with one weight, and one that runs twice. */
export class SharedLinear extends Module {
  a: Linear = new Linear(8, 8)
  b: Linear = new Linear(8, 8)
  re: Linear = new Linear(8, 8)
  out: Linear = new Linear(8, 4)

  constructor() {
    super()
    this.b.weight = this.a.weight
  }

  override forward(input: Tensor): Tensor {
    let x = this.a(input).relu()
    x = this.re(x)
    x = this.b(x)
    x = this.re(x.tanh())
    return this.out(x)
  }
}

/** Two linear layers with a gain, of two inputs and two outputs. */
class Inner extends Module<[Tensor, Tensor], readonly [Tensor, Tensor]> {
  l1: Linear = new Linear(8, 8)
  l2: Linear = new Linear(8, 8)
  gain: Parameter = parameterOf([8])

  override forward(x: Tensor, y: Tensor): readonly [Tensor, Tensor] {
    const inner = this.l2(F.silu(this.l1(x)))
    return [inner.mul(this.gain).add(y), x.sub(y)]
  }
}

/** Modules in modules. */
export class Nested extends Module<[Tensor], readonly [Tensor, Tensor]> {
  stem: Linear = new Linear(8, 8)
  block1: Inner = new Inner()
  block2: Inner = new Inner()
  norm: LayerNorm = new LayerNorm([8])
  head: Linear = new Linear(8, 3)

  override forward(input: Tensor): readonly [Tensor, Tensor] {
    const x = this.stem(input)
    const [a, b] = this.block1(x, x.tanh())
    const [c, d] = this.block2(this.norm(a), b)
    return [this.head(c), d]
  }
}

/** A gated feed-forward block; `up_proj` runs before `gate_proj`. */
export class GatedMLP extends Module {
  gate_proj: Linear = new Linear(32, 64, { bias: false })
  up_proj: Linear = new Linear(32, 64, { bias: false })
  down_proj: Linear = new Linear(64, 32, { bias: false })

  override forward(x: Tensor): Tensor {
    const up = this.up_proj(x)
    return this.down_proj(up.mul(F.silu(this.gate_proj(x))))
  }
}

/** Layers whose widths blocks of 32 do not divide, among ones that they do. */
export class BlockMismatch extends Module {
  l1: Linear = new Linear(48, 64)
  l2: Linear = new Linear(64, 20)
  l3: Linear = new Linear(20, 32)
  c: Conv2d = new Conv2d(32, 3, 1)

  override forward(x: Tensor): Tensor {
    const y = this.l3(this.l2(this.l1(x).relu()).relu())
    return this.c(y.unsqueeze(-1).unsqueeze(-1))
  }
}

/** A recurrent layer and a linear one on its last step. */
export class LSTMBlock extends Module {
  rnn: LSTM = new LSTM(6, 8, { batchFirst: true })
  fc: Linear = new Linear(8, 3)

  override forward(x: Tensor): Tensor {
    const [sequence] = this.rnn(x)
    return this.fc(sequence.select(1, -1).relu())
  }
}
