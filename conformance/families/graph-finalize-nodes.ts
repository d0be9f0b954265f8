import type { GraphModule } from 'lowbit'
import type { Node, Value } from '../../src/ir/node.ts'
import type { Divergence } from '../divergence.ts'
import { isSizeNode, type RecordedArgument, type RecordedNode } from './graph-recordings.ts'

/**
 * Compares what every node does, and on what: its operation, the states and results that it reads, and for Core AI's operations their other arguments
 * and names. Names of other nodes do not count, nor does the order of nodes that do not depend on each other.
 */
export function compareFinalizedNodes(
  recorded: readonly RecordedNode[],
  { graph }: GraphModule,
): Divergence | undefined {
  const expected = new Keys()
  for (const node of recorded) {
    if (isSizeNode(node)) expected.define(node.name, SIZE)
    else expected.addRecorded(node)
  }
  const got = new Keys()
  for (const { value, name } of graph.inputs) got.define(value, name)
  for (const node of graph.nodes) got.addOwn(node)
  const [theirs, ours] = [[...expected.all].sort(), [...got.all].sort()]
  const at = theirs.findIndex((key, i) => key !== ours[i])
  if (at >= 0 || theirs.length !== ours.length) {
    const place = at < 0 ? theirs.length : at
    return { where: `node ${place}`, expected: theirs[place] ?? 'nothing', got: ours[place] ?? 'nothing' }
  }
  const outputs = graph.outputs.map((value) => got.keyOf(value)).join()
  return outputs === expected.outputs.join()
    ? undefined
    : { where: 'outputs', expected: expected.outputs.join(), got: outputs }
}

/** Key of sizes, which are no inputs here. */
const SIZE = 'a size'

/** Names every value after how it is computed: equal texts for equal computations. */
class Keys {
  readonly all: string[] = []
  readonly outputs: string[] = []
  readonly #keys = new Map<unknown, string>()

  define(value: unknown, key: string): void {
    this.#keys.set(value, key)
  }

  keyOf(value: unknown): string {
    return this.#keys.get(value) ?? '?'
  }

  addRecorded({ name, op, target, args, kwargs = {} }: RecordedNode): void {
    const read = (given: RecordedArgument | undefined): string[] => {
      if (Array.isArray(given)) return given.flatMap(read)
      const key = typeof given === 'object' && given !== null && 'node' in given && this.keyOf(given.node)
      return key && key !== SIZE ? [key] : []
    }
    if (op === 'get_attr' || op === 'placeholder') this.define(name, target)
    else if (op === 'output') this.outputs.push(...args.flatMap(read))
    else if (target === 'operator.getitem') {
      const [source = ''] = args.flatMap(read)
      this.define(name, args[1] === 0 ? source : `${source}#${String(args[1])}`)
    } else if (!target.startsWith('aten._')) {
      const isCoreAI = target.startsWith('coreai.')
      const type =
        op === 'call_module' || isCoreAI ? target : `aten.${(target.split('.')[1] ?? '').replace(/_$/, '')}`
      const rest = isCoreAI ? recordedArguments(args, kwargs) : ''
      const inputs = [...args.flatMap(read), ...Object.values(kwargs).flatMap(read)]
      this.#add([name], isCoreAI ? name : '', `${type}(${inputs.join()})${rest}`)
    }
  }

  addOwn(node: Node): void {
    const { op, attrs, name, outputs } = node
    if (op.name === 'lowbit.assign_state') return
    const isCoreAI = op.name.startsWith('coreai.')
    const inputs = node.inputs.flatMap((input) => (input === null ? [] : [this.keyOf(input)]))
    const type = op.name === 'lowbit.call_module' ? String(attrs.target) : op.name
    const rest = isCoreAI ? `${attrs.inputDtype ?? ''} ${attrs.outputDtype ?? ''} ${attrs.axis ?? ''}` : ''
    this.#add(outputs, isCoreAI ? name : '', `${type}(${inputs.join()})${rest}`)
  }

  #add(values: readonly (Value | string)[], name: string, text: string): void {
    const key = `${name} ${text}`.trim()
    this.all.push(key)
    values.forEach((value, i) => {
      this.define(value, i === 0 ? hash(key) : `${hash(key)}#${i}`)
    })
  }
}

/** A short name for a long text. */
function hash(text: string): string {
  let [a, b] = [0x811c9dc5, 0x1234567]
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193)
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b)
  }
  return `${text.slice(0, text.indexOf('('))}:${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`
}

function recordedArguments(
  args: readonly RecordedArgument[],
  kwargs: Readonly<Record<string, RecordedArgument>>,
): string {
  const dtypeOf = (given: RecordedArgument | undefined) =>
    typeof given === 'object' && given !== null && 'dtype' in given ? given.dtype : ''
  // The third argument of a quantize is its output's dtype, the fifth of a weight its input's.
  const inputDtype = dtypeOf(kwargs.input_dtype) || dtypeOf(args[4])
  const outputDtype = dtypeOf(kwargs.output_dtype) || dtypeOf(args[2])
  return `${inputDtype} ${outputDtype} ${kwargs.axis ?? ''}`
}
