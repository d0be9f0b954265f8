import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../../codec/atomic-file.ts'
import { toJson } from '../output.ts'
import { reportHtml } from './html.ts'
import type { Report } from './report.ts'

/** Writes report.json and report.html into a folder, over those of an earlier run. */
export async function writeReport(folder: string, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true })
  const encoder = new TextEncoder()
  await writeFileAtomic(join(folder, 'report.json'), encoder.encode(`${toJson(report)}\n`), {
    overwrite: true,
  })
  await writeFileAtomic(join(folder, 'report.html'), encoder.encode(reportHtml(report)), { overwrite: true })
}
