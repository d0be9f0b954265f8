import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { InferenceSession } from 'onnxruntime-common'
import type { Tensor } from '../engine/tensor.ts'
import type { ExportRunner } from '../formats/agreement.ts'
import { dataFilesOf } from '../formats/onnx/write-onnx.ts'
import { castArray } from '../tensor/cast-array.ts'
import { fromTypedArray } from '../tensor/from-typed-array.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { toTypedArray } from '../tensor/to-typed-array.ts'
import { CommandError } from './exit-code.ts'

/** Where a file is run. */
export interface SessionOptions {
  /** `node` is onnxruntime-node on the CPU, `wasm` what onnxruntime-web runs in a page. Default: node. */
  readonly runtime?: Runtime
  /** Whether operations may be fused, which changes how values are rounded. Default: true, as runtimes do. */
  readonly optimized?: boolean
  /** Threads of a run; 0 leaves it to the runtime. Default: 0. */
  readonly threads?: number
  /** Whether threads sleep between operations and memory is given back after each run, other than a runtime does by default. Default: true. */
  readonly sparing?: boolean
}

/** What runs a file. */
export type Runtime = 'node' | 'wasm'

/** An ONNX file that a runtime has loaded. */
export interface OnnxSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  /** Runs it on one complete set of inputs, in order. */
  readonly run: ExportRunner
  release(): Promise<void>
}

/** Dtypes that runtimes pass as typed arrays of the same elements. */
const PLAIN = ['float32', 'int64', 'int32', 'int8', 'uint8', 'bool', 'float16'] as const

/** Loads an ONNX file. @throws CommandError when the runtime refuses it, with what it says */
export async function openSession(
  path: string,
  { runtime = 'node', optimized = true, threads = 0, sparing = true }: SessionOptions = {},
): Promise<OnnxSession> {
  const ort = await (runtime === 'node' ? import('onnxruntime-node') : loadWasm())
  const session = await createSession(ort, path, runtime, {
    graphOptimizationLevel: optimized ? 'all' : 'disabled',
    logSeverityLevel: 3,
    ...(threads === 0 ? {} : { intraOpNumThreads: threads }),
    ...(sparing
      ? { enableCpuMemArena: false, extra: { session: { intra_op: { allow_spinning: '0' } } } }
      : {}),
  }).catch((cause) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(
      `Cannot run "${path}": expected a model that ONNX Runtime loads, got ${reason}`,
      undefined,
      {
        cause,
      },
    )
  })
  const feedOf = (array: HostArray): InstanceType<typeof ort.Tensor> => {
    const dtype = PLAIN.find((each) => each === array.dtype)
    if (dtype === undefined)
      throw new CommandError(
        `Cannot run "${path}": expected inputs of ${PLAIN.join(', ')}, got ${array.dtype}`,
      )
    return new ort.Tensor(dtype, Object(toTypedArray(array)), array.shape)
  }
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(inputs: readonly Tensor[]) {
      const feeds: Record<string, InstanceType<typeof ort.Tensor>> = {}
      for (const [i, name] of session.inputNames.entries()) {
        const input = inputs[i]
        if (input === undefined)
          throw new CommandError(
            `Cannot run "${path}": expected an input "${name}", got ${inputs.length} inputs`,
          )
        feeds[name] = feedOf(await input.array())
      }
      const results = await session.run(feeds)
      return session.outputNames.map((name) => hostOf(results[name]))
    },
    release: () => session.release(),
  }
}

/** What pages run; with one thread, as pages have without isolation from other origins. */
async function loadWasm(): Promise<typeof import('onnxruntime-web/wasm')> {
  const ort = await import('onnxruntime-web/wasm')
  ort.env.wasm.numThreads = 1
  return ort
}

/** WebAssembly sees no files: it is given the bytes of the model and of its data file. */
async function createSession(
  { InferenceSession: Session }: Pick<typeof import('onnxruntime-common'), 'InferenceSession'>,
  path: string,
  runtime: Runtime,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  if (runtime === 'node') return Session.create(path, options)
  const files = await dataFilesOf(path)
  const externalData = await Promise.all(
    files.map(async (file) => ({ path: basename(file), data: new Uint8Array(await readFile(file)) })),
  )
  return Session.create(new Uint8Array(await readFile(path)), {
    ...options,
    ...(files.length === 0 ? {} : { externalData }),
  })
}

function hostOf(
  result: { readonly type: string; readonly data: unknown; readonly dims: readonly number[] } | undefined,
): HostArray {
  if (result === undefined) return fromTypedArray(new Float32Array(0), [0])
  const { type, data, dims } = result
  const dtype = PLAIN.find((each) => each === type)
  if (data instanceof Float32Array || dtype === undefined || !isElements(data))
    return fromTypedArray(Float32Array.from(Object(data), Number), dims)
  const array = fromTypedArray(data, dims, dtype)
  return dtype === 'float16' ? castArray(array, 'float32') : array
}

type Elements = Parameters<typeof fromTypedArray>[0]

function isElements(data: unknown): data is Elements {
  return ArrayBuffer.isView(data) && !(data instanceof DataView)
}
