import {
  type AnyModule,
  BatchNorm2d,
  Conv2d,
  Hardswish,
  loadStateDict,
  Module,
  ReLU,
  ReLU6,
  SiLU,
  type Tensor,
} from 'lowbit'
import { hasFile, type RecordedModules, readRecorded, readTensors } from './graph-recordings.ts'

/** Convolutions of several kinds, each with a batch norm and an activation of its own. */
class ConvBNActs extends Module<[Tensor], Tensor> {
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
    const y = this.a2(this.b2(this.c2(this.a1(this.b1(this.c1(x))))))
    const z = this.a4(this.b4(this.c4(this.a3(this.b3(this.c3(y))))))
    return this.b5(this.c5(z))
  }
}

const MODELS: Readonly<Record<string, new () => AnyModule>> = { ConvBNActs }

/**
 * The model of a configuration that was exported in training form: there is no file of that, so that it is a module here. Undefined for all
 * other configurations.
 */
export function trainingForm(modelFolder: string, configFolder: string): AnyModule | undefined {
  if (!hasFile(configFolder, 'exported.json')) return undefined
  const { modules } = readRecorded<RecordedModules>(configFolder, 'exported.json')
  const type =
    modules
      .find(({ name }) => name === '')
      ?.type.split('.')
      .at(-1) ?? ''
  const Model = MODELS[type]
  if (Model === undefined) throw new RangeError(`Cannot make a model: expected ConvBNActs, got ${type}`)
  const model = new Model()
  loadStateDict(model, readTensors(modelFolder, 'weights.safetensors'))
  model.train()
  return model
}
