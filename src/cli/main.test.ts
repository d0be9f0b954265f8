import { describe, expect, it } from 'vitest'
import { MNIST_PROGRAM, runCommand } from '../../test/cli/run-command.ts'
import { spawnCommand, startCommand } from '../../test/cli/spawn-command.ts'
import { version } from '../formats/version.ts'

describe('lowbit', () => {
  it('runs as a process: results on stdout, no colours without a terminal, the exit code of the command', async () => {
    const { code, out, err } = await spawnCommand(['inspect', MNIST_PROGRAM])
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('preset w8a8 quantizes 7 operations')
    expect(out).not.toContain('\x1b')
    expect((await spawnCommand(['inspect', 'absent.pt2'])).code).toBe(3)
  })

  it('goes on when the reader of its output goes away', async () => {
    const child = startCommand(['inspect', MNIST_PROGRAM, '--ops'])
    child.stdout?.destroy()
    let err = ''
    child.stderr?.on('data', (chunk) => {
      err += chunk
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect([code, err]).toEqual([0, ''])
  })

  it('tells its version', async () => {
    expect(await runCommand(['--version'])).toMatchObject({ code: 0, out: `${version}\n` })
  })

  it('tells its exit codes and shows examples', async () => {
    const { code, out } = await runCommand(['--help'])
    expect(code).toBe(0)
    expect(out).toContain('  130  interrupted; nothing is left half written\n')
    expect(out).toContain('  $ lowbit quantize model.onnx --preset w8\n')
  })

  it.each([
    ['inspect'],
    ['quantize'],
    ['verify'],
    ['sensitivity'],
    ['auto'],
    ['bench'],
    ['config', 'init'],
    ['config', 'check'],
    ['config', 'explain'],
  ])('shows an example in the help of %s %s', async (...argv) => {
    const { code, out } = await runCommand([...argv.filter((word) => word !== undefined), '--help'])
    expect(code).toBe(0)
    expect(out).toMatch(/Examples?:\n {2}\$ lowbit /)
    expect(out).toContain('--json')
    expect(out).toContain('--quiet')
  })

  it.each([
    [['inspct'], "error: unknown command 'inspct'\n(Did you mean inspect?)"],
    [['inspect'], "error: missing required argument 'model'"],
    [['inspect', 'a.pt2', '--presett', 'w8'], "error: unknown option '--presett'\n(Did you mean --preset?)"],
    [
      ['inspect', 'a.pt2', '--block-size', '0'],
      "error: option '--block-size <n>' argument '0' is invalid. expected a whole number of at least 1",
    ],
  ])('ends %j with 2', async (argv, message) => {
    const { code, err } = await runCommand(argv)
    expect([code, err]).toEqual([2, `${message}\n(--help tells more)\n`])
  })

  it('takes options that are written with underscores, as other tools have them', async () => {
    const argv = ['inspect', MNIST_PROGRAM, '--per_channel', '--nodes_to_exclude', 'conv2d', '--json']
    const { code, json } = await runCommand(argv)
    expect(code).toBe(0)
    const skipped = json().plan.skipped.map(({ name }: { name: string }) => name)
    expect(skipped).toContain('conv2d')
  })

  it('shows its help and ends with 2 when no command is given', async () => {
    const { code, err } = await runCommand([])
    expect(code).toBe(2)
    expect(err).toContain('Usage: lowbit')
  })
})
