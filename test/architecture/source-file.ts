import { posix } from 'node:path'
import ts from 'typescript'

/** One import, re-export or `import()` of another file of the project. */
export interface ImportEdge {
  /** Path of the imported file, relative to src/. */
  readonly to: string
  /** True where the compiler erases it: `import type`, `export type`, a type's `import('...')`. */
  readonly typeOnly: boolean
  /** 1-based. */
  readonly line: number
}

/** What the architecture rules look at in a file. */
export interface SourceFile {
  /** Relative to src/, with `/`. */
  readonly path: string
  readonly lines: number
  readonly edges: readonly ImportEdge[]
  /** Lines of `new Error(` and `Error(`. */
  readonly bareErrors: readonly number[]
  /** Lines of `export ... from`, but of those that give a generated file its public face. */
  readonly reExports: readonly number[]
}

/** Reads the facts out of a file's text; `path` is relative to src/. */
export function parseSource(path: string, text: string): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const edges: ImportEdge[] = []
  const bareErrors: number[] = []
  const reExports: number[] = []
  const lineOf = (node: ts.Node): number => tree.getLineAndCharacterOfPosition(node.getStart()).line + 1

  const visit = (node: ts.Node): void => {
    const specifier = importedFrom(node)
    if (specifier?.startsWith('.')) {
      const to = posix.join(posix.dirname(path), specifier)
      edges.push({ to, typeOnly: isErased(node), line: lineOf(node) })
    }
    if (ts.isExportDeclaration(node) && specifier && !specifier.includes('/generated/'))
      reExports.push(lineOf(node))
    if (isBareError(node)) bareErrors.push(lineOf(node))
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return { path, lines: text.trimEnd().split('\n').length, edges, bareErrors, reExports }
}

function importedFrom(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier)
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : undefined
  const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
  return isDynamic ? literal(node.arguments[0]) : undefined
}

function literal(node: ts.Node | undefined): string | undefined {
  return node && ts.isStringLiteralLike(node) ? node.text : undefined
}

function isErased(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  return ts.isImportTypeNode(node)
}

function isBareError(node: ts.Node): boolean {
  const isCall = ts.isNewExpression(node) || ts.isCallExpression(node)
  return isCall && ts.isIdentifier(node.expression) && node.expression.text === 'Error'
}
