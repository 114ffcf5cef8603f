/** What the npm packages carry: what strangers need, and nothing that only a checkout needs. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository as root } from '../support/repository.ts'

test.each(readdirSync(join(root, 'packages')))('the package %s carries its README and the license, and no tests or build state', (name) => {
  const listing = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: join(root, 'packages', name),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const files = [...listing.matchAll(/"path": "(.+?)"/g)].map(([, path]) => path)
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']))
  expect(files.filter((file) => /\.test\.|tsbuildinfo|^src\//.test(file ?? ''))).toEqual([])
})
