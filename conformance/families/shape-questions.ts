import type { JsonObject } from '../case.ts'

/**
 * Questions about a tensor's shape, which the reference takes for operations in modules with boundary specs: a batch norm asks how many dimensions its
 * input has. Their fake quantizers make what nobody reads, and lowbit has no such calls; docs/differences.md says so.
 */
const QUESTIONS = ['dim', 'size', 'numel', '__get__', '__len__']
const FAKE_QUANTIZER = new RegExp(`(^|\\.)(${QUESTIONS.join('|')})(_\\d+)?_quantize_`)

/** Whether a path leads to the fake quantizer of a question, or into it. */
export function isQuestion(path: string): boolean {
  return FAKE_QUANTIZER.test(path)
}

/** What prepared.json says of calls and fake quantizers. */
interface Recorded {
  readonly ops: readonly { readonly func: string }[]
  readonly registered: JsonObject
  readonly fake_quants: readonly { readonly name: string; readonly object: number; readonly owner: string }[]
  readonly modules: readonly (readonly [path: string, type: string])[]
  readonly module_to_fqs: JsonObject
}

/** A recorded preparation without questions. */
export function withoutQuestions<T extends Recorded>(recorded: T): T {
  const asked = recorded.fake_quants.filter(({ name }) => isQuestion(name))
  const counts = Object.entries(recorded.module_to_fqs).map(([module, count]): [string, number] => [
    module,
    Number(count) - asked.filter(({ owner }) => owner === module).length,
  ])
  return {
    ...recorded,
    ops: recorded.ops.filter(({ func }) => !QUESTIONS.includes(func)),
    registered: Object.fromEntries(
      Object.entries(recorded.registered).map(([module, functions]) => {
        const kept = Object.entries(Object(functions)).filter(([name]) => !QUESTIONS.includes(name))
        return [module, Object.fromEntries(kept)]
      }),
    ),
    fake_quants: recorded.fake_quants.filter((each) => !asked.includes(each)),
    modules: recorded.modules.filter(([path]) => !isQuestion(path)),
    module_to_fqs: Object.fromEntries(counts.filter(([, count]) => count > 0)),
  }
}

/** Switches after a step without those of questions: there is a pair for each object, as prepared.json has them. */
export function flagsWithoutQuestions<T>(
  { fake_quants: quantizers }: Pick<Recorded, 'fake_quants'>,
  flags: readonly T[],
): readonly T[] {
  const first = new Map(quantizers.toReversed().map(({ object, name }) => [object, name]))
  const names = [...first].sort(([a], [b]) => a - b).map(([, name]) => name)
  return flags.filter((_, i) => !isQuestion(names[i] ?? ''))
}
