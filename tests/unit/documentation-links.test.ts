/** Every relative link in the documentation leads to a file, and its anchor to a heading; the list of decisions is whole. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { anchors } from '../../site/anchors.ts'
import { repository as root } from '../support/repository.ts'

test.each(documents())('%s', (document) => {
  expect(links(document).filter((link) => !leadsSomewhere(document, link))).toEqual([])
})

function documents(): string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => join('docs', file))
  const readmes = ['packages', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(folder, name, 'README.md')),
  )
  const all = ['README.md', 'README.zh-CN.md', 'AGENTS.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'python/README.md', ...readmes, ...docs]
  return all.filter((file) => file.endsWith('.md') && existsSync(join(root, file)))
}

function links(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8').replace(/^```.*?^```/gms, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link))
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? join(root, document) : resolve(root, dirname(document), path)
  if (!existsSync(file) || relative(root, file).startsWith('..')) return false
  return anchor === undefined || (statSync(file).isFile() && anchors(readFileSync(file, 'utf8')).includes(anchor))
}

test('each decision has its own number, and the list has each once, in order', () => {
  const folder = join(root, 'docs', 'decisions')
  const files = readdirSync(folder)
    .filter((file) => file !== 'README.md')
    .sort()
  const listed = readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/^- \[(\d+)\. .*\]\((.*)\)$/gm)
  expect([...listed].map(([, number, file]) => [number?.padStart(4, '0'), file])).toEqual(files.map((file) => [file.slice(0, 4), file]))
  expect(new Set(files.map((file) => file.slice(0, 4))).size).toBe(files.length)
})
