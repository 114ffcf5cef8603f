/** The tables of all options, read from the types: also of those whose names are not exported, such as the options of `asset()`. */
import ts from 'typescript'
import { generated } from '../navigation.ts'
import { apiNames, declarationOf, specifier } from './entry-points.ts'
import { cell } from './table.ts'

export function optionsPage(): { route: string; text: string } {
  const files = new Map(apiNames.map((name) => [name, declarationOf(name)]))
  const { options } = ts.convertCompilerOptionsFromJson({ target: 'ES2024', module: 'NodeNext', strict: true, types: ['node'] }, '.')
  const tsProgram = ts.createProgram([...files.values()], options)
  const checker = tsProgram.getTypeChecker()
  const seen = new Set<ts.Symbol>()
  const chapters = [...files].map(([name, file]) => {
    const source = tsProgram.getSourceFile(file)
    const module = source && checker.getSymbolAtLocation(source)
    if (module === undefined) throw new Error(`TypeScript could not read ${file}.`)
    const sections = checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      if (seen.has(symbol)) return []
      seen.add(symbol)
      return sectionsOf(checker, exported.name, symbol)
    })
    return sections.length === 0 ? [] : [`## ${specifier(name)}\n\n${sections.sort().join('\n\n')}`]
  })
  const lead = 'Generated from the types. A `?` marks an option that may be left out.'
  return { route: generated.options, text: `# Options\n\n${lead}\n\n${chapters.flat().join('\n\n')}\n` }
}

const settings = /(?:Options|Settings)$/

/** A table for each parameter of a function that is an object of options, and for exported types of options. */
function sectionsOf(checker: ts.TypeChecker, name: string, symbol: ts.Symbol): string[] {
  const [declaration] = symbol.declarations ?? []
  if (declaration === undefined) return []
  if (ts.isInterfaceDeclaration(declaration) && settings.test(name)) return table(checker, name, checker.getDeclaredTypeOfSymbol(symbol))
  if (!ts.isFunctionDeclaration(declaration)) return []
  return declaration.parameters.flatMap((parameter) => {
    const written = parameter.type
    const type = checker.getNonNullableType(checker.getTypeAtLocation(parameter))
    const named = type.aliasSymbol ?? type.symbol
    const isOptions =
      written !== undefined &&
      (ts.isTypeLiteralNode(written) || (/^(?:options|settings|input|request)$/.test(parameter.name.getText()) && named?.name !== 'Array'))
    return isOptions ? table(checker, `${name}()`, type) : []
  })
}

function table(checker: ts.TypeChecker, heading: string, type: ts.Type): string[] {
  const rows = checker.getPropertiesOfType(type).flatMap((property) => {
    const [declaration] = property.declarations ?? []
    if (declaration === undefined || property.name.startsWith('__')) return []
    const optional = property.flags & ts.SymbolFlags.Optional ? '?' : ''
    const written = ts.isPropertySignature(declaration) ? declaration.type?.getText() : undefined
    const shape = (written ?? checker.typeToString(checker.getTypeOfSymbol(property))).replaceAll(/\/\*\*.*?\*\/|\breadonly /gs, '')
    const meaning = ts.displayPartsToString(property.getDocumentationComment(checker)).replaceAll(/\{@link (\w+)\}/g, '`$1`')
    return [`| \`${property.name}${optional}\` | \`${cell(shape)}\` | ${cell(meaning) || '–'} |`]
  })
  return rows.length === 0 ? [] : [`### ${heading}\n\n| option | type | meaning |\n|---|---|---|\n${rows.join('\n')}`]
}
