import { posix } from 'node:path'

/** A piece of code from the documentation. */
export interface Snippet {
  /** Path of the file that holds it, relative to the project's root, with `/`. */
  readonly path: string
  /** 1-based line of its first line of code. */
  readonly line: number
  readonly code: string
  /** False where it is only type-checked: it needs a browser, a file of the reader's, or too much time. */
  readonly runs: boolean
}

/** A line of the documentation that may begin or end a snippet, with its 1-based number in the file. */
interface Line {
  readonly number: number
  readonly text: string
}

/** Finds the ```ts fences of a Markdown file; a fence that begins with ```ts no-run is only type-checked. */
export function findInMarkdown(path: string, text: string): Snippet[] {
  return findFences(path, numberLines(text, 1))
}

/**
 * Finds the examples in the doc comments of a TypeScript file: what follows `@example` up to the next tag, whole where it has no
 * fence, else its ```ts fences.
 */
export function findInDocComments(path: string, text: string): Snippet[] {
  return [...text.matchAll(/\/\*\*([\s\S]*?)\*\//g)].flatMap((comment) => {
    const firstLine = text.slice(0, comment.index).split('\n').length
    const lines = numberLines(comment[1] ?? '', firstLine).map(({ number, text: line }) => ({
      number,
      text: line.replace(/^\s*\* ?/, '').trimEnd(),
    }))
    return splitTags(lines).flatMap((tag) => snippetsOfTag(path, tag))
  })
}

/** Gives the file name for a snippet's module: its path and line in one word. */
export function moduleName({ path, line }: Snippet): string {
  return `${posix.join(path).replaceAll('/', '.')}-${line}.ts`
}

function snippetsOfTag(path: string, [tag, ...body]: readonly Line[]): Snippet[] {
  if (tag === undefined || !tag.text.startsWith('@example')) return []
  if (body.some(({ text }) => text.startsWith('```'))) return findFences(path, body)
  const code = body.map(({ text }) => text).join('\n')
  return [{ path, line: tag.number + 1, code: code.trimEnd(), runs: true }]
}

function splitTags(lines: readonly Line[]): Line[][] {
  const starts = lines.flatMap(({ text }, index) => (/^@[a-z]/i.test(text) ? [index] : []))
  return starts.map((start, position) => lines.slice(start, starts[position + 1]))
}

function findFences(path: string, lines: readonly Line[]): Snippet[] {
  const snippets: Snippet[] = []
  let open: { info: string; line: number; body: string[] } | undefined
  for (const { number, text } of lines) {
    const fence = /^\s*```(.*)$/.exec(text)
    if (!fence) open?.body.push(text)
    else if (open === undefined) open = { info: fence[1]?.trim() ?? '', line: number + 1, body: [] }
    else {
      const { info, line, body } = open
      if (/^(ts|typescript)\b/.test(info)) {
        snippets.push({ path, line, code: body.join('\n'), runs: !/\bno-run\b/.test(info) })
      }
      open = undefined
    }
  }
  if (open)
    throw new SyntaxError(`Cannot read "${path}": expected the fence of line ${open.line - 1} to be closed`)
  return snippets
}

function numberLines(text: string, first: number): Line[] {
  return text.split('\n').map((line, index) => ({ number: first + index, text: line }))
}
