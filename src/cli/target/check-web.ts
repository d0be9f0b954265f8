import { readFile, stat } from 'node:fs/promises'
import {
  decodeModel,
  type GraphProto,
  TensorProto_DataType as OnnxType,
  TensorProto_DataLocation,
} from '../../codec/onnx.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { type Agreement, compareRuns } from '../../formats/agreement.ts'
import { CommandError } from '../exit-code.ts'
import { openSession } from '../onnx-session.ts'
import { formatBytes, formatDecibels } from '../text-table.ts'

/** Largest file that a page can hold in one array, and give to WebAssembly besides. */
const MAX_BYTES = 2 ** 31 - 1
/** Signal to noise between WebAssembly and Node below which one of them is wrong. */
const SAME_DB = 30

/** How onnxruntime-web runs a file. */
export interface WebCheck {
  /** What its WebAssembly makes, against what Node makes of the same file. */
  readonly outputs: readonly Agreement[]
  /** What its back ends run badly, for people. */
  readonly warnings: readonly string[]
}

/**
 * Loads a file with onnxruntime-web's WebAssembly and runs it beside Node.
 * @throws CommandError for a file that it does not load or run
 */
export async function checkWeb(
  path: string,
  outputNames: readonly string[],
  batches: readonly (readonly Tensor[])[],
): Promise<WebCheck> {
  const { size } = await stat(path)
  if (size > MAX_BYTES)
    throw new CommandError(
      `Cannot run "${path}" in a page: expected at most ${formatBytes(MAX_BYTES)}, got ${formatBytes(size)}\n` +
        'Hint: fewer bits, such as --preset q4f16, make it smaller',
    )
  const { graph } = decodeModel(await readFile(path))
  const outputs = await runBoth(path, outputNames, batches)
  const worst = Math.min(...outputs.map(({ sqnrDb }) => sqnrDb))
  const differs =
    worst < SAME_DB
      ? [
          `WebAssembly and Node make different outputs of this file (${formatDecibels(worst)}): lowbit verify --runtime both tells more`,
        ]
      : []
  return { outputs, warnings: [...differs, ...(graph === undefined ? [] : webWarnings(graph))] }
}

async function runBoth(
  path: string,
  outputNames: readonly string[],
  batches: readonly (readonly Tensor[])[],
): Promise<Agreement[]> {
  const node = await openSession(path)
  try {
    const wasm = await openSession(path, { runtime: 'wasm' }).catch((cause) => {
      throw refused(path, cause)
    })
    const run = (batch: readonly Tensor[]) =>
      wasm.run(batch).catch((cause) => {
        throw refused(path, cause)
      })
    const agreements = await compareRuns(outputNames, node.run, run, batches)
    await wasm.release()
    return agreements
  } finally {
    await node.release()
  }
}

function refused(path: string, cause: unknown): CommandError {
  const reason = cause instanceof Error ? cause.message.replace(/^.*?, got /s, '') : String(cause)
  return new CommandError(
    `Cannot run "${path}" in a page: expected a model that onnxruntime-web's WebAssembly runs, got ${reason}\n` +
      'Hint: --preset w8 runs wherever the float model does',
    undefined,
    { cause },
  )
}

/** What the WebGPU back end has no kernels for, or needs of the machine; what it lacks runs on the CPU, with copies to and fro. */
function webWarnings({ node, initializer }: GraphProto): string[] {
  const types = new Set(node.map(({ opType }) => opType))
  const isHalf = initializer.some(({ dataType }) => dataType === OnnxType.FLOAT16)
  const isExternal = initializer.some(
    ({ dataLocation }) => dataLocation === TensorProto_DataLocation.EXTERNAL,
  )
  return [
    ...(types.has('QuantizeLinear')
      ? [
          'WebGPU has no QuantizeLinear: activations in 8 bits are computed on the CPU there, and copied to and fro; --preset w8 or w4-block stays on the GPU',
        ]
      : []),
    ...(isHalf ? ['WebGPU runs float16 only where the adapter has shader-f16: offer another file, too'] : []),
    ...(isExternal
      ? ['tensors are in a second file: pass it as externalData to InferenceSession.create']
      : []),
  ]
}
