import { runCli } from '../../src/cli/program.ts'
import type { TextStream } from '../../src/cli/terminal.ts'

/** What a command line did. */
export interface CommandRun {
  readonly code: number
  readonly out: string
  readonly err: string
  /** The JSON document on stdout. */
  json(): ReturnType<typeof JSON.parse>
}

/** Runs a command line of `lowbit` in this process, with streams that are no terminal. */
export async function runCommand(
  argv: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<CommandRun> {
  const texts = { out: '', err: '' }
  const stream = (name: 'out' | 'err'): TextStream => ({
    write: (text) => {
      texts[name] += text
    },
    isTerminal: false,
    hasColors: false,
    columns: 80,
  })
  const code = await runCli(argv, { out: stream('out'), err: stream('err'), signal })
  return { code, ...texts, json: () => JSON.parse(texts.out) }
}

/** A program of torch.export: two convolutions, two transposed ones and two linear layers; input float32 [2, 1, 28, 28]. */
export const MNIST_PROGRAM = 'test/fixtures/graph/mnist_cnn/model.pt2'
