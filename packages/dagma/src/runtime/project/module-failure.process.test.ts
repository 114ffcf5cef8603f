import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandLine, dagma } from '../../test/processes.ts'
import { temporaryFolder } from '../../test/temporary.ts'

const packageJson = '{"name":"p","type":"module","dagma":{}}'

/** The output of the command line for a project whose definitions module is `code`, without the path of its folder; nothing may be written. */
function loading(code: string, files: Record<string, string> = {}): { message: string; code: string | undefined } {
  const folder = temporaryFolder({ 'package.json': packageJson, 'src/definitions.ts': code, ...files })
  // Real Node must load the module: the test runner would transform it.
  const { stderr, status } = spawnSync(process.execPath, [...commandLine, 'definitions', 'validate'], { cwd: folder, encoding: 'utf8' })
  expect(status).toBe(2)
  expect(existsSync(join(folder, '.dagma'))).toBe(false)
  const message = stderr.replaceAll(folder, '<folder>').replace(/^error: /, '')
  return { message, code: /\[(DAGMA_\w+)\]/.exec(message)?.[1] }
}

test.each<[what: string, code: string, message: string]>([
  ['an enum', 'const a: number = 1\nenum Color { Red }\n', '<folder>/src/definitions.ts:2: this uses a TypeScript enum,'],
  ['a parameter property', 'class A {\n  constructor(private a: number) {}\n}\n', ':2: this uses a TypeScript parameter property,'],
  ['a namespace', 'namespace A { export const a = 1 }\n', ':1: this uses a TypeScript namespace declaration,'],
  ['import =', 'import fs = require("node:fs")\n', ':1: this uses a TypeScript import equals declaration,'],
  ['export =', 'const a = 1\nexport = a\n', ':2: this uses a TypeScript export assignment,'],
  ['angle brackets', 'const a = 1\nconst b = <unknown>a\n', ':2: this uses a TypeScript type assertion in angle brackets,'],
  ['module for namespace', 'module A { export const a = 1 }\n', ':1: this uses the TypeScript keyword "module" for a namespace,'],
  ['JSX', 'const a = "</a>" // </b>\nexport const b = <div>hello</div>\n', '<folder>/src/definitions.ts:2: this uses JSX,'],
  ['JSX that closes itself', 'export const a = <App one="1" two={2} />\n', ':1: this uses JSX,'],
  ['JSX in another file', 'import "./empty.ts"\nimport "./shown.ts"\n', '/src/shown.ts:3: this uses JSX,'],
  ['accessor', 'class A {\n  accessor a = 1\n}\n', ':2: this uses the keyword "accessor",'],
  ['a decorator', 'function d(..._: unknown[]) {}\n\n@d\nclass A {}\n', ':3: this uses a TypeScript decorator,'],
  [
    'a decorator in another file',
    'import "./empty.ts"\nimport { A } from "./decorated.ts"\nA\n',
    '/src/decorated.ts:2: this uses a TypeScript decorator,',
  ],
  ['a decorator of a member', 'function d(..._: unknown[]) {}\nclass A { @d m() {} }\n', ':2: this uses a TypeScript decorator,'],
  [
    'a decorator of a parameter',
    'function d(..._: unknown[]) {}\nclass A { m(@d a: number) {} }\n',
    ':2: this uses a TypeScript decorator,',
  ],
  ['a decorator after export', 'function d(..._: unknown[]) {}\nexport default @d class A {}\n', ':2: this uses a TypeScript decorator,'],
  ['one below text that looks like it', 'const a = `\n@a`\n/*\n@b */ // @c\n@a\nclass A {}\n', ':5: this uses a TypeScript decorator,'],
  ['one in a file imported for its effect', 'import "./decorated.ts"\n', '/src/decorated.ts:2: this uses a TypeScript decorator,'],
  ['one in a file imported late', 'await import("./decorated.ts")\n', '/src/decorated.ts:2: this uses a TypeScript decorator,'],
])('%s', (_what, code, message) => {
  const shown = 'export const a = (\n  <>\n</>\n)\n'
  const files = { 'src/empty.ts': '', 'src/shown.ts': shown, 'src/decorated.ts': 'function d(..._: unknown[]) {}\n@d\nexport class A {}\n' }
  const { code: found, message: printed } = loading(code, files)
  expect(found).toBe('DAGMA_TYPESCRIPT_UNSUPPORTED')
  expect(printed).toContain(message)
})

test('an import without its ending, and one with the ending of what it would be compiled to', () => {
  const files = { 'src/other.ts': 'export const a = 1' }
  for (const name of ['./other', './other.js']) {
    const { code, message } = loading(`\nimport { a } from '${name}'\nexport default a`, files)
    expect(code).toBe('DAGMA_IMPORT_NOT_FOUND')
    expect(message).toContain(
      `<folder>/src/definitions.ts:2: this imports <folder>/src/${name.slice(2)}, which does not exist. Did you mean <folder>/src/other.ts?`,
    )
  }
  expect(loading(`import './gone.ts'`).message).not.toContain('Did you mean')
  const misspelled = loading(`import './orders/asets.ts'`, { 'src/orders/assets.ts': 'export const a = 1' })
  expect(misspelled.message).toContain('Did you mean <folder>/src/orders/assets.ts?')
})

test('a file type that Node does not load', () => {
  const { code, message } = loading(`import './view.tsx'`, { 'src/view.tsx': 'export const a = <div />' })
  expect(code).toBe('DAGMA_FILE_TYPE_UNSUPPORTED')
  expect(message).toMatch(/^<folder>\/src\/view\.tsx: /)
})

test('a package that ships TypeScript, and one that is not installed', () => {
  const files = {
    'node_modules/lib/package.json': '{"name":"lib","type":"module","exports":"./index.ts"}',
    'node_modules/lib/index.ts': 'export const a: number = 1',
  }
  const shipped = loading(`import { a } from 'lib'\nexport default a`, files)
  expect(shipped.code).toBe('DAGMA_TYPESCRIPT_IN_PACKAGE')
  expect(shipped.message).toMatch(/^<folder>\/node_modules\/lib\/index\.ts: /)
  const missing = loading(`import 'nolib'`)
  expect(missing.code).toBe('DAGMA_PACKAGE_MISSING')
  expect(missing.message).toMatch(/^<folder>\/src\/definitions\.ts:1: .* Install it, for example with `npm install nolib`\./)
})

test('a secret that is not set while the module loads has its line, as wrong definitions have', () => {
  const { message } = loading(`import { secret } from '${dagma}'\nsecret('NEVER_SET_ANYWHERE').reveal()\n`)
  expect(message).toMatch(/^<folder>\/src\/definitions.ts:2: The secret NEVER_SET_ANYWHERE is not set\. .+ \[DAGMA_SECRET_MISSING\]\n$/)
})

test('a module that throws shows the user’s file and line first', () => {
  const { code, message } = loading('const a: number = 1\nfunction fail() {\n  throw new TypeError("boom")\n}\nfail()\nexport default a')
  expect(code).toBe('DAGMA_MODULE_FAILED')
  expect(message).toMatch(/^<folder>\/src\/definitions\.ts:3: TypeError: boom\./)
})

test('a type that is imported as a value', () => {
  const files = { 'src/types.ts': 'export interface Row { a: number }' }
  const { message } = loading(`import { Row } from './types.ts'\nexport default 1 as unknown as Row`, files)
  expect(message).toMatch(/^<folder>\/src\/definitions\.ts:1: .*when "Row" is a type, write "import type"/)
})

test('what is not a decorator is none: text, comments, and addresses', () => {
  const files = { 'src/other.js': 'const a = `\n@daily`\n/*\n@d */ const b = "a @b" // @c\nconst c = a \\ b\n' }
  expect(loading('import "./other.js"\n', files).code).toBe('DAGMA_MODULE_FAILED')
})

test('code that cannot be read, and a value that is not an error', () => {
  expect(loading('const a = 1\nexport default {').message).toMatch(/^<folder>\/src\/definitions\.ts:2: SyntaxError/)
  expect(loading('throw undefined').message).toContain('<folder>/src/definitions.ts: A value that is not an Error was thrown: undefined')
})

test('a wrong name, and other errors of Dagma’s own', () => {
  const { code, message } = loading(`import { asset } from '${dagma}'\n\nasset({ key: 'a b', run: () => 1 })`)
  expect(code).toBe('DAGMA_KEY_INVALID')
  expect(message).toMatch(/^<folder>\/src\/definitions\.ts:3: An asset cannot be named "a b"\./)
})

test('a module that waits for what never comes', () => {
  const { message } = loading('await new Promise(() => {})\nexport default 1')
  expect(message).toBe(
    '<folder>/src/definitions.ts: its top-level await never settles. Fix the module. Nothing was run. [DAGMA_MODULE_FAILED]\n',
  )
})

test('JSON without its attribute, and what adds nothing is not said twice', () => {
  const { message } = loading(`import a from './a.json'\nexport default a`, { 'src/a.json': '{}' })
  expect(message).toMatch(/^<folder>\/src\/definitions\.ts: TypeError: .* \(write `with \{ type: "json" \}` behind the import\)\./)
  expect(message).not.toContain('caused by')
})

describe('a path alias, which the compiler knows and Node does not', () => {
  const tsconfig = `{
    // comments and commas are fine here
    "compilerOptions": { "paths": { "@/*": ["./src/*"], "lib": ["./src/lib/index.ts"], "@app/*": ["./src/*.ts"], }, },
  }`

  test.each([
    ['@/v', 'declares as a path alias', 'Import "./v.ts", or declare `"imports": { "#src/*": "./src/*" }`'],
    ['@/gone', 'declares as a path alias', 'Import the file by its relative path, or declare'],
    ['lib', 'declares as a path alias', 'Import "./lib/index.ts", or declare `"imports": { "#lib": "./src/lib/index.ts" }`'],
    ['@app/v', 'declares as a path alias', 'Import "./v.ts", or declare `"imports": { "#src/*": "./src/*.ts" }`'],
    ['src/v.ts', 'looks like a path alias', 'Import "./v.ts", or declare `"imports": { "#src/*": "./src/*" }`'],
    ['~/v', 'looks like a path alias', 'Import the file by its relative path'],
  ])('%s', (name, what, advice) => {
    const { message, code } = loading(`\nimport { v } from '${name}'\nexport default v`, {
      'tsconfig.json': '{ "extends": "./base.json" }',
      'base.json': tsconfig,
      'src/v.ts': 'export const v = 1',
      'src/lib/index.ts': 'export const v = 1',
    })
    expect(code).toBe('DAGMA_IMPORT_ALIAS')
    expect(message).toContain(`<folder>/src/definitions.ts:2: this imports "${name}", which `)
    expect(message).toContain(what)
    expect(message).toContain(advice)
  })
})
