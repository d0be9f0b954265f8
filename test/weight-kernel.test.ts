import { expect, test } from 'vitest'
import { compileKernel } from '../scripts/compile-kernel.ts'
import { KERNEL_BASE64 } from '../src/quantization/weights/weight-kernel-bytes.ts'

// The compiler is a large program that takes seconds to start.
test('KERNEL_BASE64 is what assembly/weight-kernel.ts compiles to', { timeout: 300_000 }, async () => {
  const compiled = await compileKernel()
  expect(KERNEL_BASE64).toBe(Buffer.from(compiled).toString('base64'))
  // Small modules are all that a page compiles at once.
  expect(compiled.byteLength).toBeLessThan(4096)
})
