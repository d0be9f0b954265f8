// Reports of how a model is quantized, for people and for programs. This folder must not change what it looks at.
export type { DrawOptions } from './draw-graph.ts'
export { type Inspection, ModelInspector } from './model-inspector.ts'
export type {
  ConsumerReport,
  FakeQuantizerReport,
  MatchReport,
  ObserverReport,
  OpReport,
  PlaceName,
  PlaceReport,
  RemovalReport,
  Unobserved,
  WinReport,
} from './reports.ts'
