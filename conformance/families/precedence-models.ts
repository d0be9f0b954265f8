import {
  AdaptiveAvgPool2d,
  Conv2d,
  Flatten,
  Linear,
  Module,
  ModuleList,
  ReLU,
  Sequential,
  type Tensor,
} from 'lowbit'

/** fc2(act(fc1(x))) + x. */
class Blk extends Module {
  fc1: Linear = new Linear(8, 8)
  act: ReLU = new ReLU()
  fc2: Linear = new Linear(8, 8)

  override forward(x: Tensor): Tensor {
    return this.fc2(this.act(this.fc1(x))).add(x)
  }
}

class Net extends Module {
  stem: Linear = new Linear(8, 8)
  blocks: ModuleList<Blk> = new ModuleList([new Blk(), new Blk()])
  head: Sequential = new Sequential(new Linear(8, 8), new ReLU(), new Linear(8, 4))

  override forward(x: Tensor): Tensor {
    let y = this.stem(x)
    for (const block of this.blocks) y = block(y)
    return this.head(y)
  }
}

class Conv extends Module {
  c1: Conv2d = new Conv2d(2, 4, 3, { padding: 1 })
  r: ReLU = new ReLU()
  c2: Conv2d = new Conv2d(4, 4, 1)
  p: AdaptiveAvgPool2d = new AdaptiveAvgPool2d(1)
  fc: Linear = new Linear(4, 3)

  override forward(x: Tensor): Tensor {
    const y = this.r(this.c1(x))
    const z = this.c2(y).mul(y).add(y)
    return this.fc(new Flatten()(this.p(z)))
  }
}

class Alias extends Module {
  core: Blk = new Blk()
  alias: Blk = this.core
  out: Linear = new Linear(8, 8)
  out2: Linear = this.out

  override forward(x: Tensor): Tensor {
    return this.out2(this.out(this.alias(x)))
  }
}

const MODELS: Readonly<Record<string, new () => Module>> = { Net, Conv, Alias }

/** The model that a recorded case names. */
export function precedenceModel(name: unknown): Module {
  const Model = MODELS[String(name)]
  if (Model === undefined)
    throw new RangeError(
      `Cannot make a model: expected one of ${Object.keys(MODELS).join(', ')}, got ${String(name)}`,
    )
  return new Model()
}
