import { relative } from 'node:path'
import ts from 'typescript'
import { compilerOptions } from './exported-names.ts'

/** Type-checks files in one program; gives `file(line): message` for each error in them. */
export function typeCheck(root: string, paths: readonly string[]): string[] {
  const program = ts.createProgram(paths, { ...compilerOptions(root), noEmit: true })
  return paths.flatMap((path) => {
    const file = program.getSourceFile(path)
    const syntax = program.getSyntacticDiagnostics(file)
    return (syntax.length > 0 ? syntax : program.getSemanticDiagnostics(file)).map(
      ({ file: at, start = 0, messageText }) => {
        const line = at ? at.getLineAndCharacterOfPosition(start).line : 0
        return `${relative(root, path)}(${line}): ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      },
    )
  })
}
