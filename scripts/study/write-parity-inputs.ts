/**
 * Writes what the trainings of `parity-run.ts` start from to out/parity/, for scripts/goldens/make_digits_qat.py:
 *
 *     npx tsx --import ./test/setup.ts scripts/study/write-parity-inputs.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { closeEngine, fromTypedArray, type HostArray, writeSafetensors } from 'lowbit'
import { type DigitSet, loadDigits } from '../../examples/digits/data.ts'
import { SEEDS } from './config-names.ts'
import { PARITY, parityInputs } from './parity-run.ts'

const FOLDER = new URL('../../out/parity/', import.meta.url)

function arraysOf(name: string, { count, images, labels }: DigitSet): (readonly [string, HostArray])[] {
  return [
    [`${name}.images`, fromTypedArray(images, [count, 1, 28, 28])],
    [`${name}.labels`, fromTypedArray(labels, [count])],
  ]
}

const { train, test } = await loadDigits()
mkdirSync(FOLDER, { recursive: true })
const data = new Map([...arraysOf('train', train), ...arraysOf('test', test)])
writeFileSync(new URL('data.safetensors', FOLDER), writeSafetensors(data))
for (const seed of SEEDS) {
  const { weights, order, checksum } = await parityInputs(seed, train.count)
  const arrays = new Map([...weights].map(([name, array]) => [`initial.${name}`, array]))
  arrays.set('order', fromTypedArray(order, [order.length]))
  const settings = Object.entries(PARITY).map(([name, value]) => [name, String(value)] as const)
  const metadata = new Map([['checksum', checksum], ...settings])
  writeFileSync(new URL(`seed-${seed}.safetensors`, FOLDER), writeSafetensors(arrays, metadata))
}
await closeEngine()
