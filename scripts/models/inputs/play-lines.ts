import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'

const FILE = new URL('../../../data/coriolanus.txt.gz', import.meta.url)

/** Lines of a play that have from 12 to 36 characters, in its order. */
export async function playLines(): Promise<readonly string[]> {
  const text = gunzipSync(await readFile(FILE)).toString('ascii')
  return text.split('\n').filter((line) => line.length >= 12 && line.length <= 36 && !line.endsWith(':'))
}
