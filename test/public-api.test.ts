import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { exportedNames } from './documentation/exported-names.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

it('src/index.ts exports what test/public-api.txt lists; run vitest with -u after a change that is meant', async () => {
  const names = exportedNames(ROOT, `${ROOT}src/index.ts`).map(({ name, isValue }) =>
    isValue ? name : `${name} (type)`,
  )
  expect(names.length).toBeGreaterThan(0)
  await expect(`${names.join('\n')}\n`).toMatchFileSnapshot('public-api.txt')
})
