import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A piece of the documentation, small enough to answer one question. */
export interface Passage {
  /** Path of the document and the passage's number in it, for example `docs/guide/assets.md#2`. */
  readonly id: string
  readonly document: string
  /** Headings that the passage is under, outermost first. */
  readonly headings: readonly string[]
  readonly text: string
}

/** A passage as it is embedded: its headings, then its text. */
export function markdown({ headings, text }: Passage): string {
  return [...headings.map((heading, index) => `${'#'.repeat(index + 1)} ${heading}`), text].join('\n')
}

/** Characters of the longest passage, where paragraphs allow it. */
const longest = 900

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** The line that leads to a page's translation: it answers nothing. */
const languageSwitch = /^English \| \[.*\n/m

/** The project's own documentation in English, cut into passages at headings and paragraphs. */
export function documentationPassages(): Passage[] {
  return documents().flatMap((document) => cut(relative(root, document), readFileSync(document, 'utf8').replace(languageSwitch, '')))
}

function documents(): string[] {
  const guides = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }).map((file) => `docs/${file}`)
  const packages = readdirSync(`${root}packages`).map((name) => `packages/${name}/README.md`)
  const found = ['README.md', ...guides, ...packages].filter((file) => file.endsWith('.md') && !file.endsWith('.zh-CN.md'))
  return found
    .map((file) => `${root}${file}`)
    .filter(existsSync)
    .sort()
}

/** Passages of one Markdown text: the paragraphs under each heading, joined up to a bound. */
export function cut(document: string, markdown: string): Passage[] {
  const passages: Passage[] = []
  const headings: string[] = []
  let text = ''
  const flush = (): void => {
    if (text.trim() !== '')
      passages.push({
        id: `${document}#${passages.length + 1}`,
        document,
        headings: headings.filter(Boolean),
        text: text.trim(),
      })
    text = ''
  }
  for (const block of blocks(markdown)) {
    const heading = /^(#{1,6})\s+(.*)/.exec(block)
    if (heading) {
      flush()
      const level = heading[1]?.length ?? 1
      headings.splice(level - 1, headings.length, heading[2] ?? '')
    }
    const body = heading ? block.split('\n').slice(1).join('\n') : block
    if (text !== '' && text.length + body.length > longest) flush()
    text += `${body}\n\n`
  }
  flush()
  return passages
}

/** Paragraphs: blank lines separate them, except inside a code block. */
function blocks(markdown: string): string[] {
  const found: string[] = []
  let open = false
  for (const part of markdown.split(/\n\s*\n/)) {
    if (open) found.push(`${found.pop()}\n\n${part}`)
    else found.push(part)
    if ((part.match(/^\s*```/gm)?.length ?? 0) % 2 === 1) open = !open
  }
  return found
}
