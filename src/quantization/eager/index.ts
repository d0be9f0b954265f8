// Eager mode: a model stays the TypeScript module that it is, and is quantized in place. `EagerQuantizer` is what `Quantizer` uses. What
// `prepare` did is public: `inspectEager(model)` gives the recorded calls with the names of their fake quantizers, the table of
// registered calls, and every fake quantizer with its path, its object (which has the spec) and its owner. `listEagerOps(model, inputs)`
// gives the operations of a model that is not prepared.
export {
  type EagerFakeQuantizer,
  type EagerInspection,
  inspectEager,
  type RecordedCall,
  type RecordedTensor,
  type RegisteredCall,
} from './inspection.ts'
export { type EagerOp, listEagerOps } from './list-eager-ops.ts'
