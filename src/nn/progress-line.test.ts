import { expect, test } from 'vitest'
import { openProgressLine, ProgressLine, type Terminal } from './progress-line.ts'

/** A terminal that keeps what it is told, and a clock. */
function terminal(columns = 80) {
  const written: string[] = []
  const state = { now: 0, written, columns, isTTY: true, write: (text: string) => written.push(text) }
  return state
}

test('ProgressLine shows label, count, share, rate and the time that is left on one line', () => {
  const screen = terminal()
  const line = new ProgressLine(screen, 'epoch 1', 200, () => screen.now)
  screen.now = 4000
  line.update(50)
  screen.now = 16_000
  line.end(200)
  expect(screen.written).toEqual([
    '\r\x1b[2Kepoch 1  50/200  25%  12.5/s  0:12 left',
    '\r\x1b[2Kepoch 1  200/200  100%  12.5/s  0:16',
    '\n',
  ])
})

test('ProgressLine is written at most ten times a second, and at the end', () => {
  const screen = terminal()
  const line = new ProgressLine(screen, '', undefined, () => screen.now)
  for (let done = 1; done <= 30; done++) {
    screen.now = done * 10
    line.update(done)
  }
  line.end(30)
  expect(screen.written).toEqual([
    '\r\x1b[2K10  100/s  0:00',
    '\r\x1b[2K20  100/s  0:00',
    '\r\x1b[2K30  100/s  0:00',
    '\r\x1b[2K30  100/s  0:00',
    '\n',
  ])
})

test('ProgressLine stays within the columns of the terminal', () => {
  const screen = terminal(10)
  new ProgressLine(screen, 'a long label', 3, () => screen.now).end(0)
  expect(screen.written[0]).toBe('\r\x1b[2Ka long la')
})

test('openProgressLine() gives none where stderr is no terminal', () => {
  const stderr: Terminal = process.stderr
  expect(openProgressLine('', 1) === undefined).toBe(stderr.isTTY !== true)
})
