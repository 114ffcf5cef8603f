import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'dagma imports ü-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

/** Two packages as pnpm installs them: `many` has files that import each other, a link among them, and a link to `other`. */
function install(): void {
  for (const name of ['many', 'other'])
    write(`node_modules/.pnpm/${name}@1/node_modules/${name}/package.json`, JSON.stringify({ name, type: 'module', exports: './index.js' }))
  const many = 'node_modules/.pnpm/many@1/node_modules/many'
  write('node_modules/.pnpm/other@1/node_modules/other/index.js', 'export const url = import.meta.url')
  symlinkSync(join(folder, 'node_modules/.pnpm/other@1/node_modules/other'), join(folder, many, '../other'))
  symlinkSync(join(folder, many), join(folder, 'node_modules/many'))
  write(`${many}/lib/real.js`, `export const url = import.meta.url`)
  symlinkSync(join(folder, many, 'lib/real.js'), join(folder, many, 'lib/link.js'))
  write(`${many}/old.cjs`, `module.exports = require('./older.cjs')`)
  write(`${many}/older.cjs`, `module.exports = 'older'`)
  write(
    `${many}/index.js`,
    `
    export { url } from './lib/real.js'
    export { url as linked } from './lib/link.js'
    export { url as others } from '../other/index.js'
    export { default as old } from './old.cjs'
    export const missing = await import('./lib/missing.js').catch((error) => error.code)
    export const folder = await import('./lib').catch((error) => error.code)`,
  )
}

test('imports inside a package resolve as they do in Node', () => {
  install()
  const hooks = new URL('package-imports.ts', import.meta.url).href
  const script = (start: string): string => `${start}; const { url, linked, others, old, missing, folder } = await import('many')
    console.log(JSON.stringify({ url, linked, others, old, missing, folder }))`
  const run = (start: string): unknown => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script(start)], { cwd: folder, encoding: 'utf8' })
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }
  const inNode = run('')
  expect(inNode).toMatchObject({ old: 'older', missing: 'ERR_MODULE_NOT_FOUND', folder: 'ERR_UNSUPPORTED_DIR_IMPORT' })
  expect(run(`const hooks = await import('${hooks}'); hooks.resolvePackageImports()`)).toEqual(inNode)
})
