import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHost } from '../../engine/tensor.ts'
import type { ExportRunner } from '../../formats/agreement.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { openMetric } from './metric.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-metric-'))
})
afterAll(() => rm(folder, { recursive: true }))

const matrix = (rows: readonly (readonly number[])[]) =>
  fromTypedArray(Float32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0])
const giving =
  (...outputs: ReturnType<typeof matrix>[]): ExportRunner =>
  async () =>
    outputs
const request = (metric: string, ...outputs: ReturnType<typeof matrix>[]) => ({
  metric,
  reference: giving(...outputs),
  batches: [[fromHost(matrix([[1, 2]]))]],
  inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 2] }] as const,
  outputNames: outputs.map((_, i) => `y${i}`),
})

describe('openMetric()', () => {
  it('cosine is the mean over samples', async () => {
    const metric = await openMetric(
      request(
        'cosine',
        matrix([
          [3, 0],
          [0, 2],
        ]),
      ),
    )
    expect(
      await metric.score(
        giving(
          matrix([
            [3, 0],
            [0, 2],
          ]),
        ),
      ),
    ).toBe(1)
    expect(
      await metric.score(
        giving(
          matrix([
            [5, 0],
            [0, -2],
          ]),
        ),
      ),
    ).toBe(0)
    expect(
      await metric.score(
        giving(
          matrix([
            [1, 1],
            [0, 9],
          ]),
        ),
      ),
    ).toBeCloseTo((Math.SQRT1_2 + 1) / 2)
  })

  it('cosine takes zeros for equal to zeros only', async () => {
    const metric = await openMetric(
      request(
        'cosine',
        matrix([
          [0, 0],
          [0, 1],
        ]),
      ),
    )
    expect(
      await metric.score(
        giving(
          matrix([
            [0, 0],
            [0, 1],
          ]),
        ),
      ),
    ).toBe(1)
    expect(
      await metric.score(
        giving(
          matrix([
            [1, 0],
            [0, 1],
          ]),
        ),
      ),
    ).toBe(0.5)
  })

  it('top1 is the share of places with the same largest element', async () => {
    const metric = await openMetric(
      request(
        'top1',
        matrix([
          [1, 2, 3],
          [3, 2, 1],
          [0, 5, 0],
          [7, 7, 0],
        ]),
      ),
    )
    expect(
      await metric.score(
        giving(
          matrix([
            [0, 0, 1],
            [1, 0, 0],
            [1, 0, 0],
            [1, 0, 0],
          ]),
        ),
      ),
    ).toBe(0.75)
    expect(
      await metric.score(
        giving(
          matrix([
            [NaN, 0, 1],
            [1, 0, 0],
            [1, 2, 0],
            [1, 0, 0],
          ]),
        ),
      ),
    ).toBe(0.75)
  })

  it('is as good as the worst output', async () => {
    const metric = await openMetric(request('cosine', matrix([[1, 0]]), matrix([[1, 0]])))
    expect(await metric.score(giving(matrix([[1, 0]]), matrix([[0, 1]])))).toBe(0)
  })

  it('takes a module of its own, which runs the model on the data', async () => {
    const path = join(folder, 'metric.mjs')
    await writeFile(
      path,
      `export default async ({ run, batches }) => {
         const { x } = batches[0]
         const { y0 } = await run({ x: { data: x.data, shape: [1, 2] } })
         return x.data[1] + y0.data[0] + y0.shape[1] / 10
       }`,
    )
    const metric = await openMetric(request(path, matrix([[0, 0]])))
    expect(await metric.score(giving(matrix([[40, 0]])))).toBeCloseTo(42.2)
  })

  it.each([
    ['export const x = 1', 'expected a default export, or one called score, that is a function, got none'],
    ['export default 5', 'expected a default export, or one called score, that is a function, got a number'],
    ['export default {', 'expected a module, got '],
  ])('refuses the module %j', async (text, message) => {
    const path = join(folder, `${message.length}.mjs`)
    await writeFile(path, text)
    await expect(openMetric(request(path, matrix([[0, 0]])))).rejects.toThrow(message)
  })

  it('refuses a score that is no number, and inputs that are no arrays', async () => {
    const path = join(folder, 'text.mjs')
    await writeFile(path, 'export const score = () => "good"')
    const metric = await openMetric(request(path, matrix([[0, 0]])))
    await expect(metric.score(giving())).rejects.toThrow(
      `Cannot score with "${path}": expected a number, got a string`,
    )
    const other = join(folder, 'inputs.mjs')
    await writeFile(other, 'export const score = ({ run }) => run({ x: [1, 2] })')
    const wrong = await openMetric(request(other, matrix([[0, 0]])))
    await expect(wrong.score(giving())).rejects.toThrow(
      `Cannot run a model for "${other}": expected { data, shape } with a typed array for "x", got something else`,
    )
  })

  it('refuses another name, and outputs that have no largest element', async () => {
    await expect(openMetric(request('f1', matrix([[0]])))).rejects.toThrow(
      'Cannot use the metric "f1": expected cosine, top1 or the path of a module (.mjs, .js, .ts), got "f1"',
    )
    const metric = await openMetric(request('top1', matrix([[0]])))
    await expect(metric.score(giving(matrix([[0]])))).rejects.toThrow(
      'Cannot score with "top1": expected an output of floats with several elements along its last axis, got none',
    )
  })
})
