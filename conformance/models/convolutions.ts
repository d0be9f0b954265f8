import {
  AvgPool3d,
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  F,
  Hardswish,
  Linear,
  MaxPool1d,
  Module,
  ReLU,
  ReLU6,
  SiLU,
  type Tensor,
} from 'lowbit'

/** Two convolutions with a ReLU between them. */
export class ConvRelu extends Module {
  conv1: Conv2d = new Conv2d(3, 6, 3, { padding: 1 })
  relu: ReLU = new ReLU()
  conv2: Conv2d = new Conv2d(6, 4, 1, { bias: false })

  override forward(x: Tensor): Tensor {
    return this.conv2(this.relu(this.conv1(x)))
  }
}

/** Convolutions with batch norms and an activation of each kind. */
export class ConvBNActs extends Module {
  c1: Conv2d = new Conv2d(3, 8, 3, { padding: 1 })
  b1: BatchNorm2d = new BatchNorm2d(8)
  a1: ReLU = new ReLU()
  c2: Conv2d = new Conv2d(8, 8, 3, { padding: 1, groups: 8, bias: false })
  b2: BatchNorm2d = new BatchNorm2d(8)
  a2: ReLU6 = new ReLU6()
  c3: Conv2d = new Conv2d(8, 6, 1, { bias: false })
  b3: BatchNorm2d = new BatchNorm2d(6)
  a3: SiLU = new SiLU()
  c4: Conv2d = new Conv2d(6, 6, 3, { stride: 2 })
  b4: BatchNorm2d = new BatchNorm2d(6)
  a4: Hardswish = new Hardswish()
  c5: Conv2d = new Conv2d(6, 4, 1)
  b5: BatchNorm2d = new BatchNorm2d(4)

  override forward(x: Tensor): Tensor {
    let y = this.a1(this.b1(this.c1(x)))
    y = this.a2(this.b2(this.c2(y)))
    y = this.a3(this.b3(this.c3(y)))
    y = this.a4(this.b4(this.c4(y)))
    return this.b5(this.c5(y))
  }
}

/** A residual block whose sum is taken in place. */
export class Residual extends Module {
  c1: Conv2d = new Conv2d(4, 4, 3, { padding: 1, bias: false })
  b1: BatchNorm2d = new BatchNorm2d(4)
  c2: Conv2d = new Conv2d(4, 4, 3, { padding: 1, bias: false })
  b2: BatchNorm2d = new BatchNorm2d(4)
  relu: ReLU = new ReLU()
  c3: Conv2d = new Conv2d(4, 2, 1)

  override forward(x: Tensor): Tensor {
    let y = this.relu(this.b1(this.c1(x)))
    y = this.b2(this.c2(y))
    y = y.add_(x)
    y = this.relu(y)
    return this.c3(y)
  }
}

/** Transposed convolutions. */
export class ConvTransposeBlock extends Module {
  t1: ConvTranspose2d = new ConvTranspose2d(4, 6, 3, { stride: 2, padding: 1, outputPadding: 1 })
  b1: BatchNorm2d = new BatchNorm2d(6)
  t2: ConvTranspose2d = new ConvTranspose2d(6, 4, 2, { stride: 2, bias: false })
  b2: BatchNorm2d = new BatchNorm2d(4)
  t3: ConvTranspose1d = new ConvTranspose1d(4, 3, 3)
  c: Conv1d = new Conv1d(3, 2, 1)

  override forward(x: Tensor): Tensor {
    const y = this.b1(this.t1(x)).relu()
    const z = this.b2(this.t2(y)).mean(3)
    return this.c(F.leakyRelu(this.t3(z), { negativeSlope: 0.1 }))
  }
}

/** Convolutions over sequences. */
export class Conv1dBlock extends Module {
  c1: Conv1d = new Conv1d(4, 8, 3, { padding: 1 })
  b1: BatchNorm1d = new BatchNorm1d(8)
  c2: Conv1d = new Conv1d(8, 8, 5, { padding: 2, groups: 2, bias: false })
  b2: BatchNorm1d = new BatchNorm1d(8)
  pool: MaxPool1d = new MaxPool1d(2)
  c3: Conv1d = new Conv1d(8, 4, 1, { dilation: 2 })

  override forward(x: Tensor): Tensor {
    const y = this.b1(this.c1(x)).relu()
    const z = F.gelu(this.b2(this.c2(y)))
    return this.c3(this.pool(z)).tanh()
  }
}

/** Convolutions over volumes. */
export class Conv3dBlock extends Module {
  c1: Conv3d = new Conv3d(2, 4, 3, { padding: 1 })
  b1: BatchNorm3d = new BatchNorm3d(4)
  c2: Conv3d = new Conv3d(4, 3, 1)
  p: AvgPool3d = new AvgPool3d(2)

  override forward(x: Tensor): Tensor {
    return this.c2(this.p(this.b1(this.c1(x)).relu()))
  }
}

/** Layers that run twice, with sums between the calls. */
export class InterleavedReuse extends Module {
  c: Conv2d = new Conv2d(3, 3, 3, { padding: 1 })
  r: ReLU = new ReLU()
  fc: Linear = new Linear(3, 2)

  override forward(x: Tensor): Tensor {
    let y = this.r(this.c(x))
    y = y.add(x)
    let z = this.r(this.c(y))
    z = z.add(y)
    z = z.add(x)
    return this.fc(F.adaptiveAvgPool2d(z, 1).flatten(1))
  }
}
