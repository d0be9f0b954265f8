import { composite, type Tensor } from '../../engine/tensor.ts'
import { formatType } from '../../ir/node.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { linear } from '../functional/linear.ts'
import { constantValues, uniformValues, xavierBound } from '../initialization.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'
import { attend, attendWithWeights, type Heads } from './attend.ts'
import { mergeMasks } from './attention-masks.ts'
import { Linear } from './linear.ts'
import { projectEach, projectKeyValue, projectPacked } from './project-inputs.ts'

/** What an attention is made of; the defaults are PyTorch's. */
export interface MultiheadAttentionOptions {
  /** While it trains, the share of the weights that is dropped; default 0. */
  readonly dropout?: number
  /** Whether there are biases; default true. */
  readonly bias?: boolean
  /** Features of the keys; default `embedDim`. */
  readonly kdim?: number
  /** Features of the values; default `embedDim`. */
  readonly vdim?: number
  /** Whether sequences are [batch, steps, ...] instead of [steps, batch, ...]; default false. */
  readonly batchFirst?: boolean
}

/** What a call of an attention takes besides; bool masks are true where a key is not seen, as in PyTorch. */
export interface AttendOptions {
  /** Keys that no query sees, [batch, S] (or [S] without a batch), or what is added to their scores. */
  readonly keyPaddingMask?: Tensor | null
  /** Keys that a query does not see, [L, S] or [batch * heads, L, S], or what is added to the scores. */
  readonly attnMask?: Tensor | null
  /** Whether a query sees no key that comes after it; a mask that is given besides has to say so, too. Default: false. */
  readonly isCausal?: boolean
  /** Whether the weights are given; default true. Without them, the attention is one operation. */
  readonly needWeights?: boolean
  /** Whether the weights are the mean over the heads; default true. */
  readonly averageAttnWeights?: boolean
}

/** The result [L, batch, E] and, where they are asked for, the weights [batch, L, S] (or [batch, heads, L, S]). */
export type Attended = readonly [output: Tensor, weights: Tensor | null]

/** Attention (Vaswani et al., 2017) of queries [L, batch, E] to keys and values [S, batch, ...], by several heads. */
export class MultiheadAttention extends Module<
  [query: Tensor, key: Tensor, value: Tensor, options?: AttendOptions],
  Attended
> {
  readonly embedDim: number
  readonly numHeads: number
  readonly dropout: number
  readonly batchFirst: boolean
  in_proj_weight: Parameter | null
  q_proj_weight: Parameter | null
  k_proj_weight: Parameter | null
  v_proj_weight: Parameter | null
  in_proj_bias: Parameter | null
  out_proj: Linear

  /** @throws RangeError when the heads do not divide the features */
  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super()
    const { dropout = 0, bias = true, kdim = embedDim, vdim = embedDim, batchFirst = false } = options
    if (embedDim % numHeads !== 0) {
      throw new RangeError(
        `Cannot make a "MultiheadAttention": expected features that ${numHeads} heads divide, got ${embedDim}`,
      )
    }
    this.embedDim = embedDim
    this.numHeads = numHeads
    this.dropout = dropout
    this.batchFirst = batchFirst
    const isPacked = kdim === embedDim && vdim === embedDim
    this.in_proj_weight = isPacked ? xavier(3 * embedDim, embedDim) : null
    this.q_proj_weight = isPacked ? null : xavier(embedDim, embedDim)
    this.k_proj_weight = isPacked ? null : xavier(embedDim, kdim)
    this.v_proj_weight = isPacked ? null : xavier(embedDim, vdim)
    this.in_proj_bias = bias ? new Parameter(constantValues([3 * embedDim], 0)) : null
    this.out_proj = new Linear(embedDim, embedDim, { bias })
    if (bias) this.out_proj.bias = new Parameter(constantValues([embedDim], 0))
  }

  /** One function, as in PyTorch: eager quantization does not see what it is made of. */
  override forward(query: Tensor, key: Tensor, value: Tensor, options: AttendOptions = {}): Attended {
    return composite(() => this.#forward(query, key, value, options))
  }

  #forward(query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Attended {
    const rank = query.value.shape.length
    if (rank === 3)
      return this.batchFirst
        ? this.#batchFirst(query, key, value, options)
        : this.#attend(query, key, value, options)
    if (rank !== 2) {
      throw new ShapeError(
        `Cannot run a "MultiheadAttention": expected queries of rank 2 or 3, got ${formatType(query.value)}`,
      )
    }
    const keyPaddingMask = options.keyPaddingMask?.unsqueeze(0) ?? null
    const [q, k, v] = [query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)]
    const [output, weights] = this.#attend(q, k, v, { ...options, keyPaddingMask })
    return [output.squeeze(1), weights?.squeeze(0) ?? null]
  }

  #batchFirst(query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Attended {
    const [q, k, v] = eachOnce([query, key, value], (x) => x.transpose(1, 0))
    const [output, weights] = this.#attend(q, k, v, options)
    return [output.transpose(1, 0), weights]
  }

  /** Everything with the steps first. */
  #attend(query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Attended {
    const { needWeights = true, averageAttnWeights = true, isCausal = false } = options
    const heads: Heads = {
      count: this.numHeads,
      width: this.embedDim / this.numHeads,
      batch: query.size(1),
      dropout: this.training ? this.dropout : 0,
    }
    const [queries, keys] = [query.size(0), key.size(0)]
    const projected = this.#project(query, key, value)
    const close = (x: Tensor) =>
      linear(x, this.out_proj.weight, this.out_proj.bias).view([queries, heads.batch, this.embedDim])
    if (!needWeights && isCausal && !options.keyPaddingMask) {
      return [close(attend(projected, heads, { mask: null, isCausal })), null]
    }
    const mask = mergeMasks(options, heads, { queries, keys })
    if (!needWeights) return [close(attend(projected, heads, { mask, isCausal: false })), null]
    const [mixed, weights] = attendWithWeights(projected, heads, mask)
    const output = close(mixed)
    const perHead = weights.view([heads.batch, heads.count, queries, keys])
    return [output, averageAttnWeights ? perHead.mean(1) : perHead]
  }

  #project(query: Tensor, key: Tensor, value: Tensor): readonly [Tensor, Tensor, Tensor] {
    const {
      in_proj_weight: packed,
      in_proj_bias: bias,
      q_proj_weight: q,
      k_proj_weight: k,
      v_proj_weight: v,
    } = this
    if (packed !== null) {
      if (key !== value) return projectEach([query, key, value], packed.chunk(3), bias)
      return query === key ? projectPacked(query, packed, bias) : projectKeyValue(query, key, packed, bias)
    }
    if (q === null || k === null || v === null) {
      throw new TypeError(
        'Cannot run a "MultiheadAttention": expected a weight for each of query, key and value, got none',
      )
    }
    return projectEach([query, key, value], [q, k, v], bias)
  }
}

function xavier(rows: number, columns: number): Parameter {
  return new Parameter(uniformValues([rows, columns], xavierBound(rows, columns)))
}

/** Records once what is the same tensor: self-attention is seen by it. */
function eachOnce(
  [query, key, value]: readonly [Tensor, Tensor, Tensor],
  move: (x: Tensor) => Tensor,
): readonly [Tensor, Tensor, Tensor] {
  const q = move(query)
  const k = key === query ? q : move(key)
  const v = value === key ? k : value === query ? q : move(value)
  return [q, k, v]
}
