/**
 * Which files of the repository are pages of the site, and their addresses there. A page and its translation have the same address, below `zh/` in
 * Chinese; a page without a translation appears in English, so that the language switch works on every page.
 */
import { execFileSync } from 'node:child_process'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('..', import.meta.url))
export const site = fileURLToPath(new URL('.', import.meta.url))

/** All files under version control, and new ones. */
export const files: readonly string[] = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: repository,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '')

const chinese = /\.zh-CN\.md$/

/** The path of a page of the site, for a file of the repository; undefined for a file that is not a page. Without a translation's `zh/`. */
export function route(file: string): string | undefined {
  const path = file.replace(chinese, '.md')
  const [, document] = /^docs\/(.*\.md)$/.exec(path) ?? []
  const [, integration] = /^packages\/([^/]*)\/README\.md$/.exec(path) ?? []
  if (document !== undefined) return document.replace(/README\.md$/, 'index.md')
  if (integration === 'dagma') return 'index.md'
  if (integration !== undefined) return integration === 'create-dagma' ? 'guide/create-dagma.md' : `integrations/${integration}.md`
  return others[path]
}

const others: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'examples/platform/README.md': 'guide/example.md',
  'python/README.md': 'python.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
}

/** The files that become pages, each with its translation where it has one. The front page has a content of its own. */
export const sources: readonly { readonly file: string; readonly translation: string | undefined; readonly route: string }[] = files
  .filter((file) => !chinese.test(file))
  .flatMap((file) => {
    const to = route(file)
    const translation = file.replace(/\.md$/, '.zh-CN.md')
    return to === undefined || to === 'index.md'
      ? []
      : [{ file, translation: files.includes(translation) ? translation : undefined, route: to }]
  })

/**
 * A page as the site has it: links lead to other pages of the site, in the page's language, and to copies of the other linked files.
 * @param copied receives the linked files that are not pages
 */
export function onSite(file: string, text: string, copied: Set<string>): string {
  const zh = chinese.test(file) ? '/zh' : ''
  return outsideFences(text, (part) =>
    part.replace(/\]\(([^)\s]+)\)/g, (whole, link: string) => {
      if (/^(?:[a-z]+:|#)/.test(link)) return whole
      const [path = '', hash] = link.split('#')
      const target = posix.join(posix.dirname(file), path).replace(/\/$/, '')
      const page = [target, `${target}/README.md`].map(route).find((found) => found !== undefined)
      if (page === undefined) copied.add(target)
      const address = page === undefined ? `/repository/${target}.txt` : `${zh}/${page.replace(/index\.md$/, '')}`
      return `](${address}${hash === undefined ? '' : `#${hash}`})`
    }),
  )
}

export function outsideFences(text: string, change: (part: string) => string): string {
  return text
    .split(/(^ *```.*?^ *```$)/ms)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('')
}
