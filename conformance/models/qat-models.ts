import { Conv2d, Linear, Module, ReLU, randn, Sequential, type Tensor } from 'lowbit'

/** conv(1, 4, 3), relu, linear(64, 5). */
class Simple extends Module {
  conv: Conv2d = new Conv2d(1, 4, 3, { padding: 1 })
  relu: ReLU = new ReLU()
  linear: Linear = new Linear(64, 5)

  override forward(x: Tensor): Tensor {
    return this.linear(this.relu(this.conv(x)).view([x.size(0), -1]))
  }
}

/** `Simple` with its first two layers in a block. */
class Nested extends Module {
  block: Sequential = new Sequential(new Conv2d(1, 4, 3, { padding: 1 }), new ReLU())
  linear: Linear = new Linear(64, 5)

  override forward(x: Tensor): Tensor {
    return this.linear(this.block(x).view([x.size(0), -1]))
  }
}

/** Two linear layers with one weight. */
class SharedW extends Module {
  linear1: Linear = new Linear(6, 6, { bias: false })
  linear2: Linear = new Linear(6, 6, { bias: false })

  constructor() {
    super()
    this.linear2.weight = this.linear1.weight
  }

  override forward(x: Tensor): Tensor {
    return this.linear2(this.linear1(x))
  }
}

/** c(relu(b(relu(a(x))))). */
class TwoLin extends Module {
  a: Linear = new Linear(6, 6)
  b: Linear = new Linear(6, 6)
  c: Linear = new Linear(6, 3)

  override forward(x: Tensor): Tensor {
    return this.c(this.b(this.a(x).relu()).relu())
  }
}

const IMAGE = [2, 1, 4, 4]
const ROWS = [2, 6]
const MODELS: Readonly<
  Record<string, { readonly build: new () => Module; readonly shape: readonly number[] }>
> = {
  Simple: { build: Simple, shape: IMAGE },
  Nested: { build: Nested, shape: IMAGE },
  SharedW: { build: SharedW, shape: ROWS },
  TwoLin: { build: TwoLin, shape: ROWS },
}

/** The model that a recorded script of training names, and an input for it. */
export function qatModel(name: unknown): { readonly model: Module; readonly input: Tensor } {
  const entry = MODELS[String(name)]
  if (entry === undefined) {
    throw new RangeError(
      `Cannot make a model: expected one of ${Object.keys(MODELS).join(', ')}, got ${String(name)}`,
    )
  }
  return { model: new entry.build(), input: randn(entry.shape) }
}
