import { zeros } from '../../engine/create-tensors.ts'
import { StateError } from '../../engine/state-error.ts'
import { recordAll, Tensor } from '../../engine/tensor.ts'
import { formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { gru } from '../../ops/recurrent/gru.ts'
import { lstm } from '../../ops/recurrent/lstm.ts'
import type { RecurrentAttributes } from '../../ops/recurrent/recurrent-type.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { setMember } from '../container.ts'
import { uniformValues } from '../initialization.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'
import { randomSeed } from '../random-seed.ts'

/** How recurrent layers are stacked; the defaults are PyTorch's. */
export interface RecurrentOptions {
  /** Layers, each of which reads the one before; default 1. */
  readonly numLayers?: number
  /** Whether there are biases; default true. */
  readonly bias?: boolean
  /** Whether sequences are [batch, steps, ...] instead of [steps, batch, ...]; default false. */
  readonly batchFirst?: boolean
  /** While it trains, the share of a layer's outputs that the next one does not see; default 0. */
  readonly dropout?: number
  /** Whether a second direction reads from the end; default false. */
  readonly bidirectional?: boolean
}

/** What recurrent layers share: weights and biases named `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, `weight_ih_l0_reverse`, .... */
abstract class Recurrent<S> extends Module<
  [x: Tensor, state?: S | null],
  readonly [output: Tensor, state: S]
> {
  readonly inputSize: number
  readonly hiddenSize: number
  readonly numLayers: number
  readonly hasBias: boolean
  readonly batchFirst: boolean
  readonly dropout: number
  readonly bidirectional: boolean
  readonly #names: readonly string[]

  /** @param gates blocks of rows in the weights */
  constructor(gates: number, inputSize: number, hiddenSize: number, options: RecurrentOptions) {
    super()
    const { numLayers = 1, bias = true, batchFirst = false, dropout = 0, bidirectional = false } = options
    this.inputSize = inputSize
    this.hiddenSize = hiddenSize
    this.numLayers = numLayers
    this.hasBias = bias
    this.batchFirst = batchFirst
    this.dropout = dropout
    this.bidirectional = bidirectional
    const bound = 1 / Math.sqrt(hiddenSize)
    const shapes = parameterShapes(this, gates)
    for (const [name, shape] of shapes) setMember(this, name, new Parameter(uniformValues(shape, bound)))
    this.#names = shapes.map(([name]) => name)
  }

  /** Runs the operation: the sequence, and the states after its end. Without states, they are zeros. @internal */
  protected run(
    op: Operation<RecurrentAttributes>,
    x: Tensor,
    states: readonly Tensor[] | number,
  ): readonly Tensor[] {
    const rank = x.value.shape.length
    if (rank !== 2 && rank !== 3) {
      throw new ShapeError(
        `Cannot run a "${this.constructor.name}": expected an input of rank 2 or 3, got ${formatType(x.value)}`,
      )
    }
    if (rank === 3) return this.#record(op, x, states)
    const batchDim = this.batchFirst ? 0 : 1
    const batched = typeof states === 'number' ? states : states.map((state) => state.unsqueeze(1))
    const [output, ...last] = this.#record(op, x.unsqueeze(batchDim), batched)
    return output === undefined ? [] : [output.squeeze(batchDim), ...last.map((state) => state.squeeze(1))]
  }

  #record(
    op: Operation<RecurrentAttributes>,
    x: Tensor,
    states: readonly Tensor[] | number,
  ): readonly Tensor[] {
    const first = typeof states === 'number' ? this.#zeroStates(x, states) : states
    const { hasBias: hasBiases, numLayers, dropout, training: train, bidirectional, batchFirst } = this
    const seeds = train && dropout > 0 && numLayers > 1 ? [randomSeed()] : []
    const attrs = { hasBiases, numLayers, dropout, train, bidirectional, batchFirst }
    return recordAll(op, [x, ...first, ...this.#parameters(), ...seeds], attrs)
  }

  #zeroStates(x: Tensor, count: number): Tensor[] {
    const batch = x.size(this.batchFirst ? 0 : 1)
    const shape = [this.numLayers * (this.bidirectional ? 2 : 1), batch, this.hiddenSize]
    return Array.from({ length: count }, () => zeros(shape, { dtype: x.dtype }))
  }

  /** Read as properties: quantization may have put computed weights in their place. */
  #parameters(): Tensor[] {
    return this.#names.map((name) => {
      const member: unknown = Reflect.get(this, name)
      if (member instanceof Tensor) return member
      throw new StateError(
        `Cannot run a "${this.constructor.name}": expected its parameter "${name}", got none`,
      )
    })
  }
}

/** Last hidden states and memories of an LSTM, [layers * directions, batch, hidden] each. */
export type LSTMState = readonly [hidden: Tensor, memory: Tensor]

/**
 * Layers of long short-term memory cells: a sequence [steps, batch, inputSize], and states to start from (default: zeros), give the sequence
 * [steps, batch, directions * hiddenSize] and the last states. A sequence without a batch, [steps, inputSize], has none in the results either.
 */
export class LSTM extends Recurrent<LSTMState> {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(4, inputSize, hiddenSize, options)
  }

  override forward(x: Tensor, state: LSTMState | null = null): readonly [Tensor, LSTMState] {
    const [output = x, hidden = x, memory = x] = this.run(lstm, x, state ?? 2)
    return [output, [hidden, memory]]
  }
}

/**
 * Layers of gated recurrent units: a sequence [steps, batch, inputSize], and states to start from (default: zeros), give the sequence
 * [steps, batch, directions * hiddenSize] and the last states. A sequence without a batch, [steps, inputSize], has none in the results either.
 */
export class GRU extends Recurrent<Tensor> {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(3, inputSize, hiddenSize, options)
  }

  override forward(x: Tensor, state: Tensor | null = null): readonly [Tensor, Tensor] {
    const [output = x, hidden = x] = this.run(gru, x, state === null ? 1 : [state])
    return [output, hidden]
  }
}

interface Sizes extends Required<Pick<RecurrentOptions, 'numLayers' | 'bidirectional'>> {
  readonly inputSize: number
  readonly hiddenSize: number
  readonly hasBias: boolean
}

function parameterShapes(sizes: Sizes, gates: number): (readonly [name: string, shape: readonly number[]])[] {
  const { inputSize, hiddenSize, numLayers, hasBias, bidirectional } = sizes
  const suffixes = bidirectional ? ['', '_reverse'] : ['']
  const rows = gates * hiddenSize
  return Array.from({ length: numLayers }, (_, layer) =>
    suffixes.flatMap((suffix) => {
      const width = layer === 0 ? inputSize : suffixes.length * hiddenSize
      const end = `l${layer}${suffix}`
      const weights = [
        [`weight_ih_${end}`, [rows, width]] as const,
        [`weight_hh_${end}`, [rows, hiddenSize]] as const,
      ]
      const biases = [[`bias_ih_${end}`, [rows]] as const, [`bias_hh_${end}`, [rows]] as const]
      return hasBias ? [...weights, ...biases] : weights
    }),
  ).flat()
}
