import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine, dagma } from '../../test/processes.ts'
import { temporaryFolder } from '../../test/temporary.ts'

const asset = (key: string): string => `import { asset } from '${dagma}'\nexport const made = asset({ key: '${key}', run: () => 1 })\n`
const packageJson = (modules?: unknown): string => JSON.stringify({ type: 'module', dagma: { definitions: 'src/definitions.ts', modules } })

function project(modules: unknown = 'src/defs/**/*.{ts,js}') {
  const folder = temporaryFolder({
    'package.json': packageJson(modules),
    'src/definitions.ts': `import { definitions } from '${dagma}'\nimport { modules } from './modules.gen.ts'\nexport default definitions({ modules })\n`,
    'src/defs/tickets/assets.ts': asset('tickets'),
    'src/defs/tickets/assets.test.ts': 'throw new Error("a test")',
    'src/defs/tickets-assets.ts': asset('other'),
    "src/defs/2026 it's/größe.js": asset('size'),
    'src/defs/types.d.ts': '',
    'src/defs/notes.md': '',
    'src/defs/node_modules/lib/index.js': 'throw new Error("a package")',
  })
  const run = (...args: string[]): string => {
    const { stdout, stderr } = spawnSync(process.execPath, [...commandLine, ...args], { cwd: folder, encoding: 'utf8' })
    return (stdout + stderr).replaceAll(folder, '<folder>')
  }
  return { folder, run, list: join(folder, 'src/modules.gen.ts') }
}

test('the list has the modules that the pattern matches; validate finds one that is missing or gone', () => {
  const { folder, run, list } = project()
  expect(run('definitions', 'validate')).toMatch(/src\/modules\.gen\.ts is not the list .* \.\/defs\/tickets\/assets\.ts is missing/)
  expect(run('generate')).toBe('src/modules.gen.ts lists 3 modules.\n')
  expect(run('generate')).toBe('src/modules.gen.ts already lists 3 modules.\n')
  expect(readFileSync(list, 'utf8')).toMatchInlineSnapshot(`
    "// Written by \`dagma generate\`. Do not edit.
    import * as defs_2026_it_s_größe_js from './defs/2026 it\\'s/größe.js'
    import * as defs_tickets_assets_ts from './defs/tickets-assets.ts'
    import * as defs_tickets_assets_ts2 from './defs/tickets/assets.ts'

    export const modules = [
      defs_2026_it_s_größe_js,
      defs_tickets_assets_ts,
      defs_tickets_assets_ts2,
    ] as const
    "
  `)
  expect(run('definitions', 'validate')).toContain('Definitions are valid: 3 assets')
  rmSync(join(folder, 'src/defs/tickets-assets.ts'))
  writeFileSync(join(folder, 'src/defs/new.ts'), asset('new'))
  expect(run('definitions', 'validate')).toBe(
    'error: <folder>/src/modules.gen.ts is not the list of modules that package.json describes: ./defs/new.ts is missing, ./defs/tickets-assets.ts is gone. Run `dagma generate`. [DAGMA_MODULE_LIST_OUTDATED]\n',
  )
  writeFileSync(list, 'export const modules = []\n')
  expect(run('generate')).toContain('[DAGMA_MODULE_LIST_FOREIGN]')
})

test('without a pattern, or without a match', () => {
  const { folder, run } = project(['src/*/nothing.ts'])
  expect(run('generate')).toContain('matches no module with src/*/nothing.ts.')
  writeFileSync(join(folder, 'package.json'), packageJson())
  expect(run('generate')).toBe(
    'error: The "modules" of "dagma" in package.json names no pattern. Set a pattern that matches the modules of your assets, such as `"modules": "src/defs/**/*.ts"`. [DAGMA_MODULE_PATTERN]\n',
  )
})
