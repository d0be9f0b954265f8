// Graphs: nodes and values, sizes that may be symbolic, what is known of an operation, and the listing of a graph. Which operations there are
// is not known here. The exports are what a user of a captured model reads; the layers above import the files themselves.
export type { Attributes, AttributeValue } from './attributes.ts'
export type { Dim, Dims, SymbolicDim } from './dim.ts'
export type { Capability, Emitter, OnnxAttribute } from './emitter.ts'
export type { Graph, GraphInput } from './graph.ts'
export type { MilArgument, MilArguments, MilEmitter, MilValue } from './mil-emitter.ts'
export type { Node, Value } from './node.ts'
export type {
  GradientCall,
  GradientRule,
  Operation,
  QuantizationFacts,
  StateUpdate,
  TensorType,
} from './operation.ts'
export { printGraph } from './print.ts'
export type { Scope } from './scope.ts'
