import {
  Embedding,
  F,
  fromTypedArray,
  GELU,
  LayerNorm,
  Linear,
  Module,
  Parameter,
  Sequential,
  type Tensor,
} from 'lowbit'

/** Sizes of a character transformer. */
export interface TransformerSizes {
  /** Characters that it knows. */
  readonly characters: number
  /** Characters that it looks back at, the last one included. */
  readonly context: number
  /** Features of a character. */
  readonly width: number
  readonly heads: number
  readonly blocks: number
}

/** Attention of each character to those before it; [N, T, width] gives the same. */
class CausalAttention extends Module<[x: Tensor], Tensor> {
  readonly heads: number
  project: Linear
  merge: Linear

  constructor(width: number, heads: number) {
    super()
    this.heads = heads
    this.project = new Linear(width, 3 * width)
    this.merge = new Linear(width, width)
  }

  override forward(x: Tensor): Tensor {
    const parts = this.project(x).chunk(3, 2)
    const [query, key, value] = parts.map((part) => part.unflatten(2, [this.heads, -1]).transpose(1, 2))
    if (query === undefined || key === undefined || value === undefined)
      throw new RangeError(`Cannot attend: expected 3 parts of a projection, got ${parts.length}`)
    const mixed = F.scaledDotProductAttention(query, key, value, { isCausal: true })
    return this.merge(F.flatten(mixed.transpose(1, 2), 2))
  }
}

/** Attention and two linear layers, each beside a shortcut and after a normalization. */
class Block extends Module<[x: Tensor], Tensor> {
  norm1: LayerNorm
  attention: CausalAttention
  norm2: LayerNorm
  feedForward: Sequential

  constructor(width: number, heads: number) {
    super()
    this.norm1 = new LayerNorm(width)
    this.attention = new CausalAttention(width, heads)
    this.norm2 = new LayerNorm(width)
    this.feedForward = new Sequential(new Linear(width, 4 * width), new GELU(), new Linear(4 * width, width))
  }

  override forward(x: Tensor): Tensor {
    const attended = x.add(this.attention(this.norm1(x)))
    return attended.add(this.feedForward(this.norm2(attended)))
  }
}

/** Says what comes next: characters [N, context] as numbers give logits [N, context, characters]. */
export class CharacterTransformer extends Module<[characters: Tensor], Tensor> {
  embedding: Embedding
  positions: Parameter
  blocks: Sequential
  norm: LayerNorm
  head: Linear

  constructor({ characters, context, width, heads, blocks }: TransformerSizes) {
    super()
    this.embedding = new Embedding(characters, width)
    this.positions = new Parameter(fromTypedArray(new Float32Array(context * width), [context, width]))
    this.blocks = new Sequential(...Array.from({ length: blocks }, () => new Block(width, heads)))
    this.norm = new LayerNorm(width)
    this.head = new Linear(width, characters)
  }

  override forward(characters: Tensor): Tensor {
    const x = this.embedding(characters).add(this.positions)
    return this.head(this.norm(this.blocks(x)))
  }
}
