/**
 * onnxruntime-node copies every output of a run into a new array, also one that was computed into a buffer which the caller gave, and training gives buffers for as much as
 * all parameters and momentum in each step. It copies in the order of the outputs and stops with an error at one that is no tensor. So models get an empty sequence as
 * their first output: when it is refused, the run is done, all other outputs are in their buffers, and nothing was copied. (microsoft/onnxruntime#32346 is to end the copying.)
 */

import { create } from '@bufbuild/protobuf'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common'
import { appendInitializers } from '../codec/append-initializers.ts'
import { encodeModel, ModelProtoSchema, type TensorProto } from '../codec/onnx.ts'
import { onnxType } from '../lowering/onnx-dtype.ts'
import type { OrtModule } from './runtime.ts'

const UNREAD = 'unread'
const float = { value: { case: 'tensorType' as const, value: { elemType: onnxType('float32') } } }

/** What makes any model that follows it have the output. */
const HEAD: Uint8Array = encodeModel(
  create(ModelProtoSchema, {
    graph: {
      node: [{ opType: 'SequenceEmpty', output: [UNREAD] }],
      output: [{ name: UNREAD, type: { value: { case: 'sequenceType', value: { elemType: float } } } }],
    },
  }),
)

/** Runs models whose outputs all have buffers. */
export class UnreadOutput {
  /** What the runtime says when it refuses the output. */
  readonly #refusal: string

  constructor(refusal: string) {
    this.#refusal = refusal
  }

  /** A runtime may refuse the output in other words, or take it: finds out by running a small model. */
  static async probe(ort: OrtModule): Promise<UnreadOutput | undefined> {
    const model = create(ModelProtoSchema, {
      irVersion: 10n,
      opsetImport: [{ domain: '', version: 21n }],
      graph: {
        name: 'probe',
        node: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
        input: [{ name: 'x', type: float }],
        output: [{ name: 'y', type: float }],
      },
    })
    const vector = (value: number) => new ort.Tensor('float32', Float32Array.of(value), [1])
    const [x, y] = [vector(1), vector(0)]
    const session = await ort.InferenceSession.create(appendInitializers([HEAD, encodeModel(model)], []))
    const refusal = await session.run({ x }, { [UNREAD]: null, y }).then(
      () => undefined,
      (error: Error) => error.message,
    )
    await session.release()
    return refusal !== undefined && y.data[0] === 1 ? new UnreadOutput(refusal) : undefined
  }

  /** The encoded model with the output before its own, and with initializers. */
  lead(model: Uint8Array, initializers: readonly TensorProto[]): Uint8Array {
    return appendInitializers([HEAD, model], initializers)
  }

  /** Runs a session of such a model. */
  async run(
    session: InferenceSession,
    feeds: Readonly<Record<string, OrtTensor>>,
    buffers: Readonly<Record<string, OrtTensor>>,
  ): Promise<void> {
    await session.run(feeds, { [UNREAD]: null, ...buffers }).catch((error: Error) => {
      if (error.message !== this.#refusal) throw error
    })
  }
}
