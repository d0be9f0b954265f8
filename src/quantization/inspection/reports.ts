import type { FakeQuantize } from '../fake-quantize/fake-quantize.ts'
import type { ConfigLevel } from '../graph/module-table.ts'
import type { OpLevel } from '../graph/winners.ts'
import type { Granularity } from '../spec/granularity.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import type { FullSpec } from '../spec/spec-fields.ts'

/** A place where an observer can stand. */
export interface PlaceName {
  readonly node: string
  /** What the node reads there: the name of an operation or of an input of the graph, or the path of a state; null for the node's result. */
  readonly input: string | null
}

/** An observer in one place of a graph. */
export interface ObserverReport {
  /** Number of the observer, in the order of the graph: places that share one have its number. */
  readonly number: number
  readonly spec: FullSpec
  readonly target: QuantizationTarget
  /** The place whose observer it is; null where the observer is this place's own. */
  readonly sharedWith: PlaceName | null
}

/** Why nothing observes a place. */
export type Unobserved =
  /** The operation is in no pattern that won; in eager mode, no settings of operations reach it. */
  | 'no pattern'
  /** It lies between the operations of one pattern. */
  | 'inside pattern'
  /** The winning config says null for it. */
  | 'declined'
  /** The winning config says nothing of it. */
  | 'not configured'
  /** Its dtype is no floating one. */
  | 'not floating'
  /** Nothing reads it. */
  | 'not read'
  /** The observer of the place is of another operation, which reads or makes the same tensor. */
  | 'elsewhere'

/** One place of an operation. */
export interface PlaceReport {
  /** What the node reads there, as in `PlaceName`; null for its result. */
  readonly input: string | null
  readonly observer: ObserverReport | null
  /** Why there is no observer; null where there is one. */
  readonly reason: Unobserved | null
}

/** Which entry of a config an operation is quantized by, and why it beat the others. */
export interface WinReport {
  /** Place among all matches of the graph, in eager mode among all modules; 0 is the strongest. */
  readonly priority: number
  /** Its name; in eager mode the type of the operation. */
  readonly pattern: string
  /** Whether the operation is the pattern's first: its inputs and states are observed. */
  readonly isKey: boolean
  /** Names of the pattern's nodes. */
  readonly group: readonly string[]
  /** Level of the module's config; a name beats a type, and a type beats the global config. */
  readonly level: ConfigLevel
  /** Key of the module's config: the regular expression, or the type; null for the global one. */
  readonly moduleKey: string | null
  /** Level of the operation's entry in the module's config; a name beats a type, and a type beats the plain specs. */
  readonly opLevel: OpLevel
  /** Key of the operation's entry; null for the plain specs. */
  readonly opKey: string | null
}

/** An operation of a captured model. */
export interface OpReport {
  /** As `op_name_config` knows it. */
  readonly name: string
  /** As `op_type_config` knows it. */
  readonly type: string
  /** Path of the innermost module that it belongs to. */
  readonly module: string
  /** Whether a pattern begins here, so that a config can name it. */
  readonly isQuantizable: boolean
  /** What quantizes it; null where no pattern covers it. */
  readonly winner: WinReport | null
  /** One for each tensor that it reads, in order. */
  readonly inputs: readonly PlaceReport[]
  readonly output: PlaceReport
}

/** A pattern that was found, whether it won or not. */
export interface MatchReport {
  readonly pattern: string
  /** Name of the first node, for which configs are looked up. */
  readonly key: string
  readonly nodes: readonly string[]
}

/** A reader of a quantized value. */
export interface ConsumerReport {
  readonly node: string
  /** Which argument it is, counted over the tensors. */
  readonly input: number
}

/** A fake quantizer in a prepared graph. */
export interface FakeQuantizerReport {
  /** Name of the node that calls it, and path of the submodule. */
  readonly name: string
  /** The object; several nodes may call one. */
  readonly fakeQuantize: FakeQuantize
  /** Names of all nodes that call the object, this one included. */
  readonly sharedBy: readonly string[]
  /** What it quantizes: the name of a node or input, or the path of a state. */
  readonly producer: string
  readonly consumers: readonly ConsumerReport[]
  /** Path of the module that it belongs to. */
  readonly module: string
  readonly target: QuantizationTarget
  readonly spec: FullSpec
  /** The spec's granularity with its axis resolved. */
  readonly granularity: Granularity
}

/** A fake quantizer that was asked for and is not there. */
export interface RemovalReport {
  readonly name: string
  readonly producer: string
  /** `block size`: the tensor does not divide into the blocks. `axis`: no operation tells the axis of the weight. */
  readonly reason: 'block size' | 'axis'
}
