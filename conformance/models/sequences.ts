import { arange, Embedding, F, LayerNorm, Linear, Module, type Tensor } from 'lowbit'

const HEADS = 2

/** A transformer block, written with operators. */
export class AttnLN extends Module {
  ln1: LayerNorm = new LayerNorm([16])
  q: Linear = new Linear(16, 16)
  k: Linear = new Linear(16, 16)
  v: Linear = new Linear(16, 16)
  o: Linear = new Linear(16, 16)
  ln2: LayerNorm = new LayerNorm([16])
  f1: Linear = new Linear(16, 32)
  f2: Linear = new Linear(32, 16)

  override forward(input: Tensor): Tensor {
    const [batch = 0, steps = 0, width = 0] = input.shape
    const headsOf = (y: Tensor) => y.view([batch, steps, HEADS, width / HEADS]).transpose(1, 2)
    const y = this.ln1(input)
    const q = headsOf(this.q(y))
    const k = headsOf(this.k(y))
    const v = headsOf(this.v(y))
    const scores = q.matmul(k.transpose(-2, -1)).mul(1 / Math.sqrt(width / HEADS))
    const mixed = scores.softmax(-1).matmul(v)
    const x = input.add(this.o(mixed.transpose(1, 2).reshape([batch, steps, width])))
    return x.add(this.f2(F.gelu(this.f1(this.ln2(x)))))
  }
}

/** Tokens and positions. */
export class EmbBlock extends Module {
  e: Embedding = new Embedding(20, 12)
  p: Embedding = new Embedding(8, 12)
  l: Linear = new Linear(12, 20, { bias: false })

  override forward(ids: Tensor): Tensor {
    const positions = arange(0, ids.size(1))
    return this.l(this.e(ids).add(this.p(positions)).relu())
  }
}

/** A head that shares its weight with the embedding. */
export class TiedEmb extends Module {
  e: Embedding = new Embedding(24, 8)
  l: Linear = new Linear(8, 8)
  head: Linear = new Linear(8, 24, { bias: false })

  constructor() {
    super()
    this.head.weight = this.e.weight
  }

  override forward(ids: Tensor): Tensor {
    return this.head(this.l(this.e(ids)).relu())
  }
}
