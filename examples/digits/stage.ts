import { Listr } from 'listr2'

/** Says how much of a stage is done. */
export type Progress = (done: number, total: number) => void

const WIDTH = 32

/** Runs one stage of a program under a title, with a progress bar where there is a terminal, and gives its result. */
export async function stage<T>(title: string, body: (progress: Progress) => Promise<T>): Promise<T> {
  let result: T | undefined
  const started = performance.now()
  const tasks = new Listr([
    {
      title,
      task: async (_, task) => {
        result = await body((done, total) => {
          if (process.stdout.isTTY) task.output = bar(done, total)
        })
        task.title = `${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`
      },
    },
  ])
  await tasks.run()
  return result as T
}

function bar(done: number, total: number): string {
  const filled = Math.round((WIDTH * done) / Math.max(total, 1))
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done}/${total}`
}
