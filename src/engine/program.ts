import { collectNodes } from '../ir/graph.ts'
import { formatType, type Node, type Value } from '../ir/node.ts'
import { storageOf } from './placement.ts'
import { Signature } from './signature.ts'
import { StateError } from './state-error.ts'

/** What a dispatch runs: nodes over leaves whose data is stored. */
export interface Program {
  readonly signature: Signature
  readonly nodes: readonly Node[]
  /** Leaves that are fed anew at every run, in the order of the session's inputs. */
  readonly inputs: readonly Value[]
  /** Leaves that are part of the session. */
  readonly constants: readonly Value[]
  readonly outputs: readonly Value[]
}

/** Collects what has to run for `outputs`; leaves for which `isConstant` holds are built into the session. */
export function makeProgram(outputs: readonly Value[], isConstant: (leaf: Value) => boolean): Program {
  const nodes = collectNodes(outputs, (value) => storageOf(value) !== undefined)
  const inputs: Value[] = []
  const constants: Value[] = []
  const signature = Signature.of(nodes, outputs, isConstant, (leaf, constant) => {
    if (constant) constants.push(leaf)
    else inputs.push(leaf)
  })
  return { signature, nodes, inputs, constants, outputs }
}

/** The first leaf of a program whose data is not to be had; undefined when the program can run. */
export function missingLeaf({ inputs, constants, outputs }: Program): Value | undefined {
  const leaves = [...inputs, ...constants, ...outputs.filter(({ node }) => node === null)]
  return leaves.find((leaf) => storageOf(leaf)?.lost !== undefined || storageOf(leaf) === undefined)
}

/** Why a value cannot be computed: what it depends on has been updated since, or was never there. */
export function missingData(value: Value): StateError {
  const program = makeProgram([value], () => false)
  const leaf = missingLeaf(program)
  if (leaf === undefined) {
    return new StateError(`Cannot read ${formatType(value)}: expected a run to deliver it (a bug in lowbit)`)
  }
  const reader = program.nodes.find((node) => node.inputs.includes(leaf))
  const action = reader === undefined ? `Cannot read ${formatType(value)}` : `Cannot run "${reader.origin}"`
  const reason = storageOf(leaf)?.lost
  if (reason === undefined) return new StateError(`${action}: expected data, got a placeholder of a capture`)
  return new StateError(
    `${action}: expected the data of its input, got none: ${reason}\n` +
      'Hint: read a value before the step that updates what it was computed from',
  )
}
