/** The content of the published packages: everything that a stranger needs, and nothing that only a checkout needs. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { packAll } from '../../scripts/pack.ts'

const tar = (...args: string[]): string => execFileSync('tar', args, { encoding: 'utf8', maxBuffer: 1 << 26 })

const folder = mkdtempSync(join(tmpdir(), 'dagma-tarballs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(await packAll(folder))('%s', (tarball) => {
  const files = tar('tzf', tarball)
    .trim()
    .split('\n')
    .map((file) => file.replace('package/', ''))
  const entries = basename(tarball).startsWith('create-')
    ? ['dist/main.js', 'templates/common/_gitignore']
    : ['dist/index.js', 'dist/index.d.ts']
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', ...entries]))
  expect(files.filter((file) => /^dist\/.*\.test\.|tsbuildinfo|^src\/|\.map$|node_modules|\.dagma/.test(file))).toEqual([])
  expect(tar('xzOf', tarball, '--wildcards', 'package/dist/*')).not.toContain('sourceMappingURL=')
  const json = JSON.parse(tar('xzOf', tarball, 'package/package.json'))
  expect(json).toMatchObject({ license: 'Apache-2.0', keywords: expect.arrayContaining(['dagster']) })
  const isIntegration = /^dagma-\D/.test(basename(tarball))
  expect([json.peerDependencies?.dagma, json.dependencies?.dagma]).toEqual([isIntegration ? `^${json.version}` : undefined, undefined])
  const badges = [...tar('xzOf', tarball, 'package/README.md').matchAll(/!\[(\w+): (.+?)\]/g)].map(([, what, value]) => [what, value])
  expect(Object.fromEntries(badges)).toEqual({ license: json.license, node: json.engines.node })
})
