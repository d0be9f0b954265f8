import { describe, expect, it } from 'vitest'
import { MNIST_PROGRAM, runCommand } from '../../../test/cli/run-command.ts'

describe('lowbit sensitivity', () => {
  it('ranks the operations by what it costs to quantize each alone', async () => {
    const argv = ['sensitivity', MNIST_PROGRAM, '-p', 'w4', '--random', '1', '--top', '2', '--json', '-q']
    const { code, json } = await runCommand(argv)
    const { operations, exclude, isRandom } = json()
    expect([code, isRandom]).toEqual([0, true])
    expect(operations.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'conv2d',
      'conv2d_1',
      'conv_transpose2d',
      'conv_transpose2d_1',
      'linear',
      'linear_1',
    ])
    const costs = operations.map(({ sqnrDb }: { sqnrDb: number }) => sqnrDb)
    expect(costs).toEqual(costs.toSorted((a: number, b: number) => a - b))
    for (const cost of costs) expect(cost).toBeLessThan(120)
    expect(exclude).toBe(`--exclude ${operations[0].name} --exclude ${operations[1].name}`)
  })

  it('takes no random numbers unless asked', async () => {
    const { code, err } = await runCommand(['sensitivity', MNIST_PROGRAM])
    expect([code, err]).toEqual([
      2,
      'error: Cannot tell what quantization costs: expected data, got none\n' +
        'Hint: --data names data, --random takes random numbers to try things out\n',
    ])
  })
})
