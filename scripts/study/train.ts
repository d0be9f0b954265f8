import { Adam, settled } from 'lowbit'
import type { OneToOne, Task, Training } from './task.ts'

/** Steps after which the loop waits for the loss, so that it is not far ahead of the engine. */
const STEPS_AHEAD = 10

/** Trains a model with Adam; the learning rate falls to nothing along half a cosine. */
export async function train(
  task: Task,
  model: OneToOne,
  { steps, rate }: Training,
  seed: number,
  onProgress: (done: number, total: number, loss: number) => void,
): Promise<void> {
  const optimizer = new Adam(model.parameters(), { lr: rate })
  let done = 0
  for await (const batch of task.batches(seed, steps)) {
    optimizer.lr = (rate / 2) * (1 + Math.cos((Math.PI * done) / steps))
    optimizer.zeroGrad()
    const loss = task.lossOf(model, batch)
    loss.backward()
    optimizer.step()
    if (++done % STEPS_AHEAD === 0) onProgress(done, steps, await loss.item())
  }
  await settled()
}
