/** Writes `pages/`, from which VitePress builds: the documents of the repository and the generated pages, in both languages; and `llms.txt`. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { anchors } from './anchors.ts'
import { groups } from './navigation.ts'
import { onSite, outsideFences, repository, route, site, sources } from './pages.ts'
import { apiPages } from './reference/api.ts'
import { commandsPage } from './reference/commands.ts'
import { environmentPage } from './reference/environment.ts'
import { optionsPage } from './reference/options.ts'

const pages = join(site, 'pages')
const untranslated = '::: info\n本页尚无中文版，以下为英文原文。\n:::'

/** A page of the site, before it is written. */
interface Page {
  readonly route: string
  readonly text: string
  /** The Chinese text; a page without is in English there, too. */
  readonly chinese?: string | undefined
}

export async function stage(): Promise<void> {
  rmSync(pages, { recursive: true, force: true })
  const copied = new Set<string>()
  const read = (file: string): string => onSite(file, readFileSync(join(repository, file), 'utf8'), copied)
  const documents = sources.map(({ file, translation, route }) => ({
    route,
    text: withoutSwitch(read(file)),
    chinese: translation === undefined ? undefined : withoutSwitch(read(translation)),
  }))
  const all: readonly Page[] = [...documents, ...(await apiPages()), await commandsPage(), optionsPage(), environmentPage()]
  const byRoute = new Map(all.map((page) => [page.route, page]))
  for (const { route, text, chinese } of all) {
    write(route, text)
    write(`zh/${route}`, chinese ?? belowTitle(inChinese(text, byRoute), untranslated))
  }
  cpSync(join(site, 'content'), pages, { recursive: true })
  for (const file of copied) {
    mkdirSync(join(pages, 'public/repository', dirname(file)), { recursive: true })
    copyFileSync(join(repository, file), join(pages, 'public/repository', `${file}.txt`))
  }
  writeForModels(byRoute)
}

/** `llms.txt` lists the English pages, `llms-full.txt` has the text of all but the API reference; each page is there as Markdown, too. */
function writeForModels(all: ReadonlyMap<string, Page>): void {
  const summary = 'Software-defined assets in TypeScript, run in one Node process or in the real Dagster, from the same definitions.'
  const chapters = [
    ...groups.map(({ title, pages }) => ({ title, pages: pages.flatMap((file) => all.get(route(file) ?? file) ?? []) })),
    { title: 'API', pages: [...all.values()].filter(({ route }) => route.startsWith('api/')) },
  ]
  const lists = chapters.map(
    ({ title, pages }) => `## ${title}\n\n${pages.map(({ route, text }) => `- [${titleOf(text)}](/${route})`).join('\n')}`,
  )
  const whole = 'All of it in one file, without the API: [llms-full.txt](/llms-full.txt).'
  write('public/llms.txt', `# Dagma\n\n> ${summary}\n\n${whole}\n\n${lists.join('\n\n')}\n`)
  const texts = chapters.slice(0, -1).flatMap(({ pages }) => pages.map(({ text }) => text.trim()))
  write('public/llms-full.txt', `# Dagma\n\n> ${summary}\n\n${texts.join('\n\n---\n\n')}\n`)
  for (const { route, text } of all.values()) write(`public/${route}`, text)
}

function titleOf(text: string): string {
  return (/^# (.*)$/m.exec(text)?.[1] ?? '').replaceAll('`', '').replaceAll('\\', '')
}

const english = /^English \| \[简体中文\].*\n\n/m
const translated = /^\[English\]\((.*)\) \| 简体中文（(.*)）\n\n/m

/** The site has its own language switch. A translation ends with the revision that it follows. */
function withoutSwitch(text: string): string {
  const [line, original, follows] = translated.exec(text) ?? []
  if (line === undefined) return text.replace(english, '')
  return `${text.replace(line, '').trimEnd()}\n\n---\n\n[英文版](${original?.replace('/zh/', '/')})：本页${follows}。\n`
}

function belowTitle(text: string, line: string): string {
  return text.replace(/^# .*$/m, (title) => `${title}\n\n${line}`)
}

/** An English page below `zh/`: its links lead to pages there, and to the same headings where those are translated. */
function inChinese(text: string, pages: ReadonlyMap<string, Page>): string {
  return outsideFences(text, (part) =>
    part.replaceAll(/\]\(\/(?!repository\/)([^)#]*)(?:#([^)]*))?\)/g, (_, path: string, hash?: string) => {
      const { text, chinese } = pages.get(path) ?? {}
      const there = chinese === undefined || hash === undefined ? hash : anchors(chinese)[anchors(text ?? '').indexOf(hash)]
      return `](/zh/${path}${there === undefined ? '' : `#${there}`})`
    }),
  )
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(pages, path)), { recursive: true })
  writeFileSync(join(pages, path), text)
}
