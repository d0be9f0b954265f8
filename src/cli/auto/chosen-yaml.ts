import { basename } from 'node:path'
import type { QuantizerConfig } from '../../quantization/config/quantizer-config.ts'
import { formatBytes } from '../text-table.ts'
import { describeBudget } from './auto-table.ts'
import { type Budget, formatDrop } from './budget.ts'
import { candidateLabel } from './candidate.ts'
import type { Trial } from './search.ts'

/** What the head of the file says of where its config comes from. */
export interface ConfigOrigin {
  readonly modelPath: string
  readonly metric: string
  readonly floatScore: number
  readonly budget: Budget
  readonly isRandom: boolean
}

/** The config file of the candidate that was chosen, with what is known of it in comments. */
export function chosenYaml(
  { candidate, sizeBytes, score, drop, keepsDrop, keepsSize }: Trial,
  config: QuantizerConfig,
  { modelPath, metric, floatScore, budget, isRandom }: ConfigOrigin,
): string {
  const lines = [
    `Found by lowbit auto for ${basename(modelPath)}: ${candidateLabel(candidate)}`,
    `Score (${metric}): ${score.toFixed(5)}, float ${floatScore.toFixed(5)}, a drop of ${formatDrop(budget.maxDrop, drop)}; size: ${formatBytes(sizeBytes)}`,
    `Budget: ${describeBudget(budget)}${keepsDrop && keepsSize ? '' : '; this does NOT keep it, it is the best that was found'}`,
    ...(isRandom ? ['Scored on RANDOM numbers: that says little about real inputs'] : []),
  ]
  // A name with a line break in it ends no comment.
  return [
    ...lines.map((line) => `# ${line.replaceAll(/[\r\n\u0085\u2028\u2029]/g, ' ')}`),
    config.toYaml(),
  ].join('\n')
}
