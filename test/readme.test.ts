import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('README.md shows the first example as it is run', () => {
  expect(read('README.md')).toContain(`\`\`\`js\n${read('examples/01-digits.ts')}\`\`\``)
})
