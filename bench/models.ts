/** The models of the benchmark, with the architecture, the module names and the parameter shapes of models.py. */
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  F,
  Flatten,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  ReLU6,
  Sequential,
  type Tensor,
} from 'lowbit'
import { CharacterTransformer } from '../examples/text/model.ts'
import type { BenchModel } from './rival.ts'

/** Input shape and number of classes of each model, at the benchmark's batch size. */
export const INPUTS: Record<BenchModel, { readonly shape: readonly number[]; readonly classes: number }> = {
  digits: { shape: [64, 1, 28, 28], classes: 10 },
  resnet18: { shape: [8, 3, 64, 64], classes: 1000 },
  mobilenet_v2: { shape: [8, 3, 64, 64], classes: 1000 },
  transformer: { shape: [16, 64], classes: 64 },
}

/** A model of the benchmark with seeded weights. */
export function buildModel(name: BenchModel): Module {
  if (name === 'digits') return digits()
  if (name === 'transformer')
    return new CharacterTransformer({ characters: 64, context: 64, width: 64, heads: 4, blocks: 2 })
  return name === 'resnet18' ? new ResNet18() : new MobileNetV2()
}

function digits(): Module {
  return new Sequential(
    new Conv2d(1, 16, 3, { padding: 1 }),
    new BatchNorm2d(16),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(16, 32, 3, { padding: 1 }),
    new BatchNorm2d(32),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(32 * 7 * 7, 10),
  )
}

/** Two 3x3 convolutions beside a shortcut. */
class BasicBlock extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  relu: ReLU = new ReLU()
  conv2: Conv2d
  bn2: BatchNorm2d
  downsample: Sequential | null = null

  constructor(channelsIn: number, channels: number, stride: number) {
    super()
    this.conv1 = new Conv2d(channelsIn, channels, 3, { stride, padding: 1, bias: false })
    this.bn1 = new BatchNorm2d(channels)
    this.conv2 = new Conv2d(channels, channels, 3, { padding: 1, bias: false })
    this.bn2 = new BatchNorm2d(channels)
    if (stride !== 1 || channelsIn !== channels) {
      const shortcut = new Conv2d(channelsIn, channels, 1, { stride, bias: false })
      this.downsample = new Sequential(shortcut, new BatchNorm2d(channels))
    }
  }

  override forward(x: Tensor): Tensor {
    const shortcut = this.downsample === null ? x : this.downsample(x)
    const y = this.relu(this.bn1(this.conv1(x)))
    return this.relu(this.bn2(this.conv2(y)).add(shortcut))
  }
}

/** Deep Residual Learning for Image Recognition (He et al., 2015), 18 layers. */
class ResNet18 extends Module {
  conv1: Conv2d = new Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false })
  bn1: BatchNorm2d = new BatchNorm2d(64)
  relu: ReLU = new ReLU()
  maxpool: MaxPool2d = new MaxPool2d(3, { stride: 2, padding: 1 })
  layer1: Sequential = new Sequential(new BasicBlock(64, 64, 1), new BasicBlock(64, 64, 1))
  layer2: Sequential = new Sequential(new BasicBlock(64, 128, 2), new BasicBlock(128, 128, 1))
  layer3: Sequential = new Sequential(new BasicBlock(128, 256, 2), new BasicBlock(256, 256, 1))
  layer4: Sequential = new Sequential(new BasicBlock(256, 512, 2), new BasicBlock(512, 512, 1))
  fc: Linear = new Linear(512, 1000)

  override forward(x: Tensor): Tensor {
    const y = this.maxpool(this.relu(this.bn1(this.conv1(x))))
    const features = this.layer4(this.layer3(this.layer2(this.layer1(y))))
    return this.fc(F.flatten(F.adaptiveAvgPool2d(features, 1), 1))
  }
}

function convBnRelu6(
  channelsIn: number,
  channels: number,
  kernel: number,
  stride = 1,
  groups = 1,
): Sequential {
  const conv = new Conv2d(channelsIn, channels, kernel, {
    stride,
    padding: (kernel - 1) / 2,
    groups,
    bias: false,
  })
  return new Sequential(conv, new BatchNorm2d(channels), new ReLU6())
}

/** Expand, convolve depthwise, project; with a shortcut where the shape stays. */
class InvertedResidual extends Module {
  conv: Sequential
  readonly shortcut: boolean

  constructor(channelsIn: number, channels: number, stride: number, expansion: number) {
    super()
    const hidden = channelsIn * expansion
    const expand = expansion === 1 ? [] : [convBnRelu6(channelsIn, hidden, 1)]
    const depthwise = convBnRelu6(hidden, hidden, 3, stride, hidden)
    const project = new Conv2d(hidden, channels, 1, { bias: false })
    this.conv = new Sequential(...expand, depthwise, project, new BatchNorm2d(channels))
    this.shortcut = stride === 1 && channelsIn === channels
  }

  override forward(x: Tensor): Tensor {
    return this.shortcut ? x.add(this.conv(x)) : this.conv(x)
  }
}

/** Expansion, channels, repeats and first stride of each stage: table 2 of the paper. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

/** MobileNetV2: Inverted Residuals and Linear Bottlenecks (Sandler et al., 2018), width 1. */
class MobileNetV2 extends Module {
  features: Sequential
  classifier: Sequential = new Sequential(new Dropout(0.2), new Linear(1280, 1000))

  constructor() {
    super()
    const features: Module[] = [convBnRelu6(3, 32, 3, 2)]
    let width = 32
    for (const [expansion, channels, repeats, stride] of STAGES) {
      for (let i = 0; i < repeats; i++) {
        features.push(new InvertedResidual(width, channels, i === 0 ? stride : 1, expansion))
        width = channels
      }
    }
    features.push(convBnRelu6(width, 1280, 1))
    this.features = new Sequential(...features)
  }

  override forward(x: Tensor): Tensor {
    const pooled = F.adaptiveAvgPool2d(this.features(x), 1)
    return this.classifier(F.flatten(pooled, 1))
  }
}
