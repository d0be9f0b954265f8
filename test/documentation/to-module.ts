import { posix } from 'node:path'
import ts from 'typescript'
import type { Snippet } from './find-snippets.ts'

/** Where the names come from that a snippet uses without importing them. */
export interface Scope {
  /** What the snippet's own file exports. */
  readonly own: readonly string[]
  /** What the package exports. */
  readonly package: readonly string[]
  /** What the files of src/ export, each with the file's path from the root: for examples of what is not public. */
  readonly sources: ReadonlyMap<string, string>
}

/** A replacement of the text from `start` to `end`. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

const EXPECTATION = /^[ \t]*\/\/ => (.*)$/m

/**
 * Makes a module in a folder of the project's root out of a snippet: imports the names that the snippet uses and its own file, the
 * package or another source exports, and turns each `// => value` behind a statement into a check of that statement's value.
 *
 * @throws SyntaxError when `// =>` stands behind something that has no value to check
 */
export function toModule(snippet: Snippet, scope: Scope): string {
  const tree = ts.createSourceFile('snippet.ts', snippet.code, ts.ScriptTarget.Latest, true)
  const edits = [...checkEdits(tree), ...specifierEdits(tree, snippet.path)]
  const marks = snippet.code.split(/\/\/ =>/).length - 1
  if (edits.filter(({ text }) => text.startsWith(CHECK)).length !== marks) {
    throw new SyntaxError(
      `Cannot check "${snippet.path}": expected "// => value" behind an expression or a declaration of one name, got it elsewhere (line ${snippet.line} and after)`,
    )
  }
  const imports = importLines(tree, snippet.path, scope)
  const header = [...imports, `import { expectEqual } from '../test/documentation/expect-equal.ts'`].join(
    '; ',
  )
  return `${header}\n${applyEdits(snippet.code, edits)}\nexport {}\n`
}

const CHECK = '; expectEqual('

function checkEdits(tree: ts.SourceFile): Edit[] {
  return tree.statements.flatMap((statement) => {
    const rest = tree.text.slice(statement.end)
    const match = EXPECTATION.exec(rest.split('\n', 1)[0] ?? '')
    const value = valueOfStatement(statement)
    if (!match || value === undefined) return []
    const check = {
      start: statement.end,
      end: statement.end + match[0].length,
      text: `${CHECK}${value}, ${match[1]})`,
    }
    if (!ts.isExpressionStatement(statement)) return [check]
    return [{ ...check, start: statement.getStart() }]
  })
}

function valueOfStatement(statement: ts.Statement): string | undefined {
  if (ts.isExpressionStatement(statement)) return statement.expression.getText()
  if (!ts.isVariableStatement(statement)) return undefined
  const [declaration, ...others] = statement.declarationList.declarations
  return declaration && others.length === 0 && ts.isIdentifier(declaration.name)
    ? declaration.name.text
    : undefined
}

/** A snippet's relative imports are meant from its own file; its module stands one folder below the root. */
function specifierEdits(tree: ts.SourceFile, path: string): Edit[] {
  return tree.statements.filter(ts.isImportDeclaration).flatMap(({ moduleSpecifier }) => {
    if (!ts.isStringLiteral(moduleSpecifier) || !moduleSpecifier.text.startsWith('.')) return []
    const text = `'../${posix.join(posix.dirname(path), moduleSpecifier.text)}'`
    return [{ start: moduleSpecifier.getStart(), end: moduleSpecifier.end, text }]
  })
}

function importLines(tree: ts.SourceFile, path: string, scope: Scope): string[] {
  if (!path.endsWith('.ts')) return []
  const { used, declared } = namesOf(tree)
  return [...used]
    .filter((name) => !declared.has(name))
    .flatMap((name) => {
      const home = homeOf(name, path, scope)
      return home === undefined ? [] : [`import { ${name} } from '${home}'`]
    })
}

function homeOf(name: string, path: string, scope: Scope): string | undefined {
  if (scope.own.includes(name)) return `../${path}`
  if (scope.package.includes(name)) return 'lowbit'
  const source = scope.sources.get(name)
  return source === undefined ? undefined : `../${source}`
}

function namesOf(tree: ts.SourceFile): { used: Set<string>; declared: Set<string> } {
  const used = new Set<string>()
  const declared = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) (declares(node) ? declared : used).add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  for (const text of tree.text.matchAll(/\/\/ => (.*)$/gm)) {
    for (const word of text[1]?.matchAll(/[A-Za-z_$][\w$]*/g) ?? []) used.add(word[0])
  }
  return { used, declared }
}

function declares(name: ts.Identifier): boolean {
  const { parent } = name
  if (ts.isImportSpecifier(parent) || ts.isImportClause(parent) || ts.isNamespaceImport(parent)) return true
  const isDeclaration =
    ts.isVariableDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent) ||
    ts.isFunctionDeclaration(parent) ||
    ts.isClassDeclaration(parent)
  return isDeclaration && parent.name === name
}

function applyEdits(code: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), code)
}
