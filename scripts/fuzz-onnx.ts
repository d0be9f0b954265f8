/**
 * Loads mutations of small ONNX models for a time: bytes that are changed, cut, doubled and moved, and messages whose fields are changed. Fails when one is
 * refused otherwise than with a typed error, takes over 5 s, or lets the process grow beyond 1 GB.
 *
 *     npx tsx scripts/fuzz-onnx.ts [seconds] [seed]
 */

import { FileError } from '../src/codec/file-error.ts'
import { FormatError } from '../src/codec/format-error.ts'
import { decodeModel, encodeModel, type ModelProto } from '../src/codec/onnx.ts'
import { loadOnnxModel } from '../src/formats/onnx-reader/load-onnx-model.ts'
import { UnsupportedOpError } from '../src/formats/unsupported-op-error.ts'
import { ints, node, noise, onnxBytes, tensor } from '../test/onnx-builder.ts'
import { onnxRows, rowBytes } from '../test/onnx-rows.ts'

const MAX_MS = 5000
const MAX_BYTES = 2 ** 30

const seconds = Number(process.argv[2] ?? 60)
const firstSeed = Number(process.argv[3] ?? Date.now() % 2 ** 31)

/** Models that have something of everything, and one for each operator that is read. */
const seeds: readonly Uint8Array[] = [
  onnxBytes({
    inputs: [['x', 'float32', ['batch', 3, 8, 8]]],
    outputs: ['y'],
    nodes: [
      node('Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1], strides: [2, 2] }, { name: '/a/b.0/Conv' }),
      node('Relu', ['c'], ['r']),
      node('Shape', ['r'], ['s']),
      node('Gather', ['s', 'i'], ['g']),
      node('Concat', ['g', 'm'], ['t'], { axis: 0 }),
      node('Reshape', ['r', 't'], ['f']),
      node('Gemm', ['f', 'v'], ['y'], { transB: 1 }),
    ],
    tensors: [
      noise('w', [4, 3, 3, 3]),
      noise('b', [4]),
      noise('v', [5, 64]),
      ints('i', [0]),
      ints('m', [-1]),
    ],
  }),
  onnxBytes({
    opset: 9,
    inputs: [['x', 'float32', [2, 3, 8, 8]]],
    outputs: ['y'],
    nodes: [
      node('Slice', ['x'], ['a'], { starts: [1], ends: [7], axes: [2] }),
      node('Pad', ['a'], ['b'], { pads: [0, 0, 1, 0, 0, 0, 1, 0] }),
      node('Upsample', ['b', 'k'], ['c']),
      node('Split', ['c'], ['d', 'e'], { axis: 3, split: [8, 8] }),
      node('Mul', ['d', 'e'], ['f']),
      node('Softmax', ['f'], ['y']),
    ],
    tensors: [tensor('k', [4], [1, 1, 2, 2])],
  }),
  ...onnxRows.map(rowBytes),
]

/** A source of numbers in [0, below). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed || 1
  return (below) => {
    state = (state * 48271) % 2147483647
    return state % Math.max(below, 1)
  }
}

function mutateBytes(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = Array.from(bytes)
  for (let times = 1 + random(6); times > 0; times--) {
    const at = random(copy.length)
    const kind = random(5)
    if (kind === 0) copy[at] = random(256)
    else if (kind === 1) copy[at] = (copy[at] ?? 0) ^ (1 << random(8))
    else if (kind === 2) copy.splice(at, random(16))
    else if (kind === 3)
      copy.splice(at, 0, ...copy.slice(random(copy.length), random(copy.length)).slice(0, 64))
    else copy.splice(at, 1, ...new Array<number>(random(10)).fill(0xff))
  }
  return Uint8Array.from(copy)
}

const NUMBERS = [0, 1, -1, 2, 3, 7, 2 ** 31 - 1, 2 ** 31, 2 ** 53, -(2 ** 31)]

/** Changes parts of a message that is still one. */
function mutateModel(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const model = decodeModel(bytes)
  for (let times = 1 + random(4); times > 0; times--) mutatePart(model, random)
  return encodeModel(model)
}

function mutatePart({ graph, opsetImport }: ModelProto, random: (below: number) => number): void {
  const any = <T>(list: readonly T[]): T | undefined => list[random(list.length)]
  const number = () => BigInt(any(NUMBERS) ?? 0)
  const [one, tensorOf] = [any(graph?.node ?? []), any(graph?.initializer ?? [])]
  const names = [
    ...(graph?.node ?? []).flatMap(({ input, output }) => [...input, ...output]),
    '',
    '__proto__',
  ]
  const types = [
    ...(graph?.node ?? []).map(({ opType }) => opType),
    ...'If Loop Resize TopK Tile Expand Range Conv MatMul Where Constant'.split(' '),
  ]
  const changes: (() => void)[] = [
    () => {
      if (one) one.opType = any(types) ?? ''
    },
    () => {
      if (one) one.input[random(one.input.length + 1)] = any(names) ?? ''
    },
    () => {
      if (one) one.output[random(one.output.length + 1)] = any(names) ?? ''
    },
    () => one?.input.pop(),
    () => {
      const attribute = any(one?.attribute ?? [])
      if (attribute !== undefined) {
        attribute.i = number()
        attribute.ints = attribute.ints.map((entry) => (random(2) === 0 ? entry : number()))
      }
    },
    () => {
      if (tensorOf) tensorOf.dims[random(tensorOf.dims.length + 1)] = number()
    },
    () => {
      if (tensorOf) tensorOf.dataType = random(30)
    },
    () => {
      if (tensorOf) tensorOf.rawData = tensorOf.rawData.map((byte) => (random(4) === 0 ? random(256) : byte))
    },
    () => graph?.node.push(...graph.node.splice(random(graph.node.length), 1)),
    () => {
      if (opsetImport[0]) opsetImport[0].version = BigInt(5 + random(23))
    },
  ]
  any(changes)?.()
}

async function main(): Promise<void> {
  const end = Date.now() + seconds * 1000
  const counts = { loaded: 0, refused: 0 }
  for (let seed = firstSeed; Date.now() < end; seed++) {
    const random = randomFrom(seed)
    const source = seeds[random(seeds.length)] ?? new Uint8Array()
    const bytes = random(2) === 0 ? mutateBytes(source, random) : mutateModel(source, random)
    const started = performance.now()
    try {
      await loadOnnxModel(bytes, { logger: { warn: () => {} } })
      counts.loaded++
    } catch (error) {
      const isTyped = [FormatError, FileError, UnsupportedOpError].some((type) => error instanceof type)
      if (!isTyped) throw new TypeError(`seed ${seed} was refused with no typed error`, { cause: error })
      counts.refused++
    }
    if (performance.now() - started > MAX_MS) throw new RangeError(`seed ${seed} took over ${MAX_MS} ms`)
    if (process.memoryUsage().rss > MAX_BYTES)
      throw new RangeError(`seed ${seed} took over ${MAX_BYTES} bytes`)
  }
  process.stdout.write(`${counts.loaded} models loaded, ${counts.refused} refused, from seed ${firstSeed}\n`)
}

await main()
