import type { PartContext } from '../case.ts'
import { calibrateToFinalize, type PreparedCase, prepareCase, quantizesWeights } from './graph-case.ts'

let latest: { readonly folder: string; readonly prepared: Promise<PreparedCase> } | undefined

/** Prepares and calibrates a configuration; parts of one configuration that are checked one after the other share what comes out. */
export function calibratedCase(context: PartContext): Promise<PreparedCase> {
  const folder = context.configFolder ?? context.modelFolder
  if (latest?.folder !== folder) latest = { folder, prepared: calibrated(context) }
  return latest.prepared
}

async function calibrated(context: PartContext): Promise<PreparedCase> {
  const prepared = await prepareCase(context)
  await calibrateToFinalize(prepared, quantizesWeights(context))
  return prepared
}
