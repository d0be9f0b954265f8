import { cpSync, mkdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { filesIn, foldersIn } from '../../conformance/folders.ts'
import { configurationFeatures } from './configuration-features.ts'

interface Configuration {
  readonly model: string
  readonly folder: string
  readonly sizeBytes: number
  readonly features: ReadonlySet<string>
}

/**
 * Copies models with some of their configurations: again and again the one that shows most for its size, until there is room for no other or every feature
 * is shown.
 */
export function copyModels(from: string, to: string, roomBytes: number): void {
  const all = foldersIn(from).flatMap((model) => configurationsOf(join(from, model)))
  const chosen = choose(all, roomBytes)
  for (const { model, folder } of chosen) {
    copyFiles(model, join(to, basename(model)))
    copyFiles(folder, join(to, basename(model), 'configs', basename(folder)))
  }
  console.log(`${to}: ${chosen.length} of ${all.length} configurations`)
  const missing = unseen(featuresOf(all), featuresOf(chosen))
  if (missing.length > 0) console.log(`${to}: no room for ${missing.join(', ')}`)
}

function configurationsOf(model: string): Configuration[] {
  const configs = join(model, 'configs')
  return foldersIn(configs).map((name) => {
    const folder = join(configs, name)
    return { model, folder, sizeBytes: sizeOf(folder), features: configurationFeatures(model, folder) }
  })
}

/** Configurations that together show as much as there is room for. */
function choose(all: readonly Configuration[], roomBytes: number): readonly Configuration[] {
  let chosen: readonly Configuration[] = []
  for (;;) {
    const more = withoutRedundant([...chosen, ...best(all, chosen, roomBytes)])
    if (more.length === chosen.length && more.every((one) => chosen.includes(one))) return chosen
    chosen = more
  }
}

/** What shows most for its size beside those that are chosen; none where there is no room or nothing more to show. */
function best(
  all: readonly Configuration[],
  chosen: readonly Configuration[],
  roomBytes: number,
): readonly Configuration[] {
  const seen = featuresOf(chosen)
  const used = sizeOfAll(chosen)
  const cost = (one: Configuration) => sizeOfAll([...chosen, one]) - used
  const worth = (one: Configuration) => unseen(one.features, seen).length / cost(one)
  return all
    .filter((one) => unseen(one.features, seen).length > 0 && cost(one) <= roomBytes - used)
    .toSorted((a, b) => worth(b) - worth(a))
    .slice(0, 1)
}

/** Without those whose every feature is shown by others too, the largest first. */
function withoutRedundant(chosen: readonly Configuration[]): readonly Configuration[] {
  return chosen
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    .reduce((kept, configuration) => {
      const others = kept.filter((other) => other !== configuration)
      return unseen(configuration.features, featuresOf(others)).length === 0 ? others : kept
    }, chosen)
}

function unseen(features: ReadonlySet<string>, seen: ReadonlySet<string>): string[] {
  return [...features].filter((feature) => !seen.has(feature))
}

function featuresOf(configurations: readonly Configuration[]): Set<string> {
  return new Set(configurations.flatMap(({ features }) => [...features]))
}

/** Size of configurations with the models that they belong to. */
function sizeOfAll(configurations: readonly Configuration[]): number {
  const models = new Set(configurations.map(({ model }) => model))
  return (
    configurations.reduce((total, { sizeBytes }) => total + sizeBytes, 0) +
    [...models].reduce((total, model) => total + sizeOf(model), 0)
  )
}

function sizeOf(folder: string): number {
  return filesIn(folder, '').reduce((total, file) => total + statSync(file).size, 0)
}

function copyFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const file of filesIn(from, '')) cpSync(file, join(to, basename(file)))
}
