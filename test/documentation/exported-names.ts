import { existsSync, readFileSync } from 'node:fs'
import ts from 'typescript'

/** The options of tsconfig.json, less what only makes sense for files that are shipped. */
export function compilerOptions(root: string): ts.CompilerOptions {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, (path) => readFileSync(path, 'utf8'))
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root)
  return { ...options, declaration: false, isolatedDeclarations: false, noUnusedLocals: false }
}

/** What a module exports under one name. */
export interface ExportedName {
  readonly name: string
  /** False where it is only a type. */
  readonly isValue: boolean
}

/** What a module exports, its re-exports included, in alphabetic order. */
export function exportedNames(root: string, path: string): ExportedName[] {
  if (!existsSync(path)) throw new RangeError(`Cannot list exports of "${path}": expected a file, got none`)
  const program = ts.createProgram([path], compilerOptions(root))
  const file = program.getSourceFile(path)
  const checker = program.getTypeChecker()
  const module = file && checker.getSymbolAtLocation(file)
  if (!module) return []
  return checker
    .getExportsOfModule(module)
    .map((symbol) => ({ name: symbol.name, isValue: isValue(checker, symbol) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function isValue(checker: ts.TypeChecker, symbol: ts.Symbol): boolean {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return (target.flags & ts.SymbolFlags.Value) !== 0
}

/** The names that a module's own text declares as exported. */
export function declaredExports(text: string): string[] {
  const tree = ts.createSourceFile('module.ts', text, ts.ScriptTarget.Latest, false)
  return tree.statements.flatMap((statement) => {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    if (!isExported) return []
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.flatMap(({ name }) =>
        ts.isIdentifier(name) ? [name.text] : [],
      )
    }
    const named = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)
    return named && statement.name ? [statement.name.text] : []
  })
}
