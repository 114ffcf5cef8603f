/** The digests of a project's code that `dagma build` writes: the same on every host, and another one after each change of what is loaded. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { commandLine, dagma } from '../../test/processes.ts'
import { temporaryFolder } from '../../test/temporary.ts'
import type { Digests } from './digests.ts'

const repository = fileURLToPath(new URL('../../../../../', import.meta.url))

/** A workspace with a project and a package that is linked into it. */
function workspace(): { readonly root: string; readonly project: string } {
  const root = temporaryFolder({
    'package-lock.json': '{"lockfileVersion":3}',
    'packages/words/package.json': '{"name":"words","type":"module","exports":{"import":"./src/words.ts"}}',
    'packages/words/src/words.ts': "export * from './more.ts'\n",
    'packages/words/src/more.ts': "export const word = 'a'\n",
    'packages/app/package.json':
      '{"name":"app","type":"module","dagma":{"modules":"src/defs/*.ts"},"imports":{"#helper":"./src/helper.ts"}}',
    'packages/app/src/definitions.ts': `import { definitions } from '${dagma}'\nimport { modules } from './modules.gen.ts'\nexport default definitions({ modules })\n`,
    'packages/app/src/modules.gen.ts': "import * as a from './defs/a.ts'\nexport const modules = [a] as const\n",
    'packages/app/src/defs/a.ts': [
      `import { asset } from '${dagma}'`,
      "import { help } from '#helper'",
      "import { word } from 'words'",
      "import settings from '../settings.json' with { type: 'json' }",
      "import { createRequire } from 'node:module'",
      "import lib from 'lib'",
      'const require = createRequire(import.meta.url)',
      "const old = require('../old.js')",
      "export const made = asset({ key: 'made', run: async () => {",
      "  const { lazy } = await import('../lazy.ts')",
      '  return [lazy, help, word, settings, old, lib].length',
      '} })',
    ].join('\n'),
    'packages/app/src/helper.ts': "export const help = 'please'\n",
    'packages/app/src/settings.json': '{"a":1}\n',
    'packages/app/src/old.js': 'export default 1\n',
    'packages/app/src/old/index.js': 'export default 1\n',
    'packages/app/src/lazy.ts': 'export const lazy = 1\n',
    'node_modules/lib/package.json': '{"name":"lib","type":"module","exports":"./index.js"}',
    'node_modules/lib/index.js': 'export default 1\n',
  })
  symlinkSync('../packages/words', join(root, 'node_modules/words'))
  return { root, project: join(root, 'packages/app') }
}

function digests(project: string): Digests {
  return JSON.parse(execFileSync(process.execPath, [...commandLine, 'build'], { cwd: project, encoding: 'utf8' })).digests
}

test('each digest changes with what it is of, and with nothing else', () => {
  const { root, project } = workspace()
  let before = digests(project)
  expect(before).toEqual({ manifest: expect.any(String), modules: expect.any(String), lock_file: expect.any(String) })
  const changes = (change: () => void): string[] => {
    change()
    const after = digests(project)
    const changed = (Object.keys(after) as (keyof Digests)[]).filter((name) => after[name] !== before[name])
    before = after
    return changed
  }
  const write = (path: string, text: string) => () => writeFileSync(join(root, path), text)
  expect(changes(write('packages/app/src/defs/b.ts', 'throw new Error("not imported")'))).toEqual([])
  expect(changes(() => utimesSync(join(project, 'src/helper.ts'), 1, 1))).toEqual([])
  expect(changes(write('packages/app/src/helper.ts', "export const help = 'please'\r\n"))).toEqual([])
  expect(changes(write('node_modules/lib/index.js', 'export default 2\n'))).toEqual([])
  expect(changes(write('packages/app/src/helper.ts', "export const help = 'now'\n"))).toEqual(['modules'])
  expect(changes(write('packages/app/src/lazy.ts', 'export const lazy = 2\n'))).toEqual(['modules'])
  expect(changes(write('packages/app/src/settings.json', '{"a":2}\n'))).toEqual(['modules'])
  expect(changes(write('packages/app/src/old.js', 'export default 2\n'))).toEqual(['modules'])
  expect(changes(write('packages/words/src/more.ts', "export const word = 'b'\n"))).toEqual(['modules'])
  expect(changes(write('package-lock.json', '{"lockfileVersion":3,"packages":{}}'))).toEqual(['lock_file'])
  const list = "import * as a from './defs/a.ts'\nimport * as c from './defs/c.ts'\nexport const modules = [a, c] as const\n"
  const more = `import { asset } from '${dagma}'\nexport const more = asset({ key: 'more', run: () => 1 })\n`
  write('packages/app/src/defs/c.ts', more)()
  expect(changes(write('packages/app/src/modules.gen.ts', list))).toEqual(['manifest', 'modules'])
})

test('a copy elsewhere has the same digests; without its lock file, all but that', () => {
  const { root, project } = workspace()
  const here = digests(project)
  const elsewhere = join(temporaryFolder({}), 'deeper')
  cpSync(root, elsewhere, { recursive: true, verbatimSymlinks: true })
  expect(digests(join(elsewhere, 'packages/app'))).toEqual(here)
  rmSync(join(elsewhere, 'package-lock.json'))
  expect(digests(join(elsewhere, 'packages/app'))).toEqual({ ...here, lock_file: null })
  mkdirSync(join(elsewhere, 'apps'))
  renameSync(join(elsewhere, 'packages/words'), join(elsewhere, 'apps/words'))
  rmSync(join(elsewhere, 'node_modules/words'))
  symlinkSync('../apps/words', join(elsewhere, 'node_modules/words'))
  expect(digests(join(elsewhere, 'packages/app'))).toEqual({ ...here, lock_file: null })
})

test('everything that Node loads of the example project is found', () => {
  const script = `
    import { registerHooks } from 'node:module'
    import { fileURLToPath } from 'node:url'
    import { findProject, loadDefinitions } from '${new URL('../../runtime/project/project.ts', import.meta.url)}'
    import { projectSources } from '${new URL('./sources.ts', import.meta.url)}'
    const project = findProject(process.cwd())
    const loaded = new Set()
    registerHooks({ load: (url, context, nextLoad) => (loaded.add(url), nextLoad(url, context)) })
    await loadDefinitions(project)
    const files = [...loaded].filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url))
    console.log(JSON.stringify({ files, sources: [...projectSources(project).keys()] }))
  `
  const cwd = join(repository, 'examples/platform')
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd, encoding: 'utf8' })
  const { files, sources } = JSON.parse(printed.trim().split('\n').at(-1) ?? '') as { files: string[]; sources: string[] }
  const own = join(repository, 'packages/dagma/')
  const loaded = files.filter((file) => !file.includes('/node_modules/') && !file.startsWith(own)).map((file) => inPackage(file))
  expect(loaded.length).toBeGreaterThan(20)
  expect(sources).toEqual(expect.arrayContaining(loaded))
})

function inPackage(file: string, folder = dirname(file)): string {
  try {
    return `${JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name}:${file.slice(folder.length + 1)}`
  } catch {
    return inPackage(file, dirname(folder))
  }
}
