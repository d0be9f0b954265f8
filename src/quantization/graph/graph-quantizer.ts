import { copyGraph, copyGraphModule } from '../../nn/copy-graph-module.ts'
import { exportModule } from '../../nn/export-module.ts'
import { GraphModule } from '../../nn/graph-module.ts'
import type { AnyModule } from '../../nn/module.ts'
import type { ExportBackend } from '../config/execution-mode.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import { FakeQuantizerTable } from '../fake-quantizer-table.ts'
import { ModelInspector } from '../inspection/model-inspector.ts'
import { reportFakeQuantizers } from '../inspection/report-fake-quantizers.ts'
import type { Logger } from '../logger.ts'
import type { FinalizeOptions, PrepareOptions } from '../quantizer-options.ts'
import { checkGraphConfig } from './check-config.ts'
import { finalizeGraph } from './finalize/finalize-graph.ts'
import { GraphView } from './graph-view.ts'
import { compressibleNames, findMatches } from './match.ts'
import { defaultPatterns, type Pattern } from './patterns.ts'
import { insertObservers, observeExample, type PreparedGraph } from './prepare.ts'
import { preserveAttributes } from './preserved-attributes.ts'

/** What preparing gives. */
export interface PreparedModel {
  readonly model: GraphModule
  readonly table: FakeQuantizerTable
  /** How many inputs a call takes. */
  readonly inputCount: number
  readonly inspector: ModelInspector
}

/** Graph mode: captures a model, and works on the graph. */
export class GraphQuantizer {
  readonly #model: AnyModule
  readonly #config: QuantizerConfig
  readonly #patterns: readonly Pattern[]
  readonly #logger: Logger

  /** @throws ConfigError for a config that only eager mode could follow */
  constructor(model: AnyModule, config: QuantizerConfig, patterns: readonly Pattern[], logger: Logger) {
    checkGraphConfig(config)
    this.#model = model
    this.#config = config
    this.#patterns = patterns
    this.#logger = logger
  }

  /** The captured model with fake quantizers that have observed the example. */
  async prepare(exampleInputs: readonly unknown[], options: PrepareOptions): Promise<PreparedModel> {
    const { signal, calibrates = false } = options
    signal?.throwIfAborted()
    const model = this.#capture(exampleInputs, options)
    preserveAttributes(this.#model, model, this.#config, this.#logger)
    const { placed, modules, report, removed } = this.#insert(model)
    signal?.throwIfAborted()
    const observed = await observeExample(model, placed, { exampleInputs, calibrates })
    signal?.throwIfAborted()
    const table = new FakeQuantizerTable(
      observed.left,
      (path) => modules.get(path)?.config.qatSchedule ?? null,
      this.#logger,
    )
    const inspector = new ModelInspector({
      ...report,
      fakeQuantizers: reportFakeQuantizers(model.graph, observed.left),
      removed: [...removed, ...observed.removed],
    })
    return { model, table, inputCount: model.inputCount, inspector }
  }

  /** What `prepare` would do, as far as that shows without running the model. */
  inspect(exampleInputs: readonly unknown[], options: PrepareOptions): ModelInspector {
    const model = this.#capture(exampleInputs, options)
    const { placed, report, removed } = this.#insert(model)
    return new ModelInspector({
      ...report,
      fakeQuantizers: reportFakeQuantizers(model.graph, placed),
      removed,
    })
  }

  #capture(
    exampleInputs: readonly unknown[],
    { dynamicShapes, exportWithNoGrad = true }: PrepareOptions,
  ): GraphModule {
    if (this.#model instanceof GraphModule) return copyGraphModule(this.#model)
    const shapes = dynamicShapes === undefined ? {} : { dynamicShapes }
    return exportModule(this.#model, exampleInputs, { noGrad: exportWithNoGrad, ...shapes })
  }

  #insert(model: GraphModule): PreparedGraph {
    return insertObservers(model, {
      config: this.#config,
      patterns: this.#patterns,
      logger: this.#logger,
    })
  }

  /** The prepared model as a backend needs it. */
  finalize(
    model: GraphModule,
    backend: ExportBackend,
    { signal }: Pick<FinalizeOptions, 'signal'> = {},
  ): Promise<GraphModule> {
    return finalizeGraph(model, backend, signal)
  }

  /** Names of the nodes that patterns begin with. @throws TypeError when a model has to be captured and there are no inputs */
  static compressibleOpNames(model: AnyModule, exampleInputs?: readonly unknown[]): Set<string> {
    if (exampleInputs === undefined && !(model instanceof GraphModule)) {
      throw new TypeError(
        'Cannot list the operations of a model: expected example inputs to capture it with, got none',
      )
    }
    const graph =
      model instanceof GraphModule ? copyGraph(model.graph) : exportModule(model, exampleInputs ?? []).graph
    return compressibleNames(findMatches(new GraphView(graph), defaultPatterns))
  }
}
