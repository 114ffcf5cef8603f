/** The differences between a translated page and its original: by section, from parts that must be the same in any language. */
import { posix } from 'node:path'
import { anchors, fence } from '../../site/anchors.ts'
import { switchOfTranslation } from '../../site/revision.ts'

export interface Page {
  /** Path from the root of the repository. */
  readonly path: string
  readonly text: string
}

/** The text under a heading, including the heading. */
interface Section {
  readonly level: number
  readonly heading: string
  readonly fences: readonly string[]
  /** Identifiers in the first cell of each row of its tables, header rows included. */
  readonly rows: readonly string[]
  readonly codes: readonly string[]
  readonly links: readonly string[]
  readonly counts: Readonly<Record<'table cells' | 'list items' | 'paragraphs', number>>
}

/** `docs/a.md` becomes `docs/a.zh-CN.md`. */
export function translatedPath(path: string): string {
  return path.replace(/\.md$/, '.zh-CN.md')
}

/** One line for each difference. `others` are the pages that have a translation, with it: links to those lead to the translation. */
export function gaps(original: Page, translation: Page, others: readonly (readonly [Page, Page])[] = []): string[] {
  const lines = [switchGap(original, `English | [简体中文](${posix.basename(translation.path)})`)]
  lines.push(switchGap(translation, switchOfTranslation(posix.basename(original.path), original.text)))
  lines.push(...paired(sections(original, others), sections(translation)).flatMap(pairGaps))
  return lines.filter((line) => line !== undefined)
}

function switchGap({ path, text }: Page, wanted: string): string | undefined {
  return text.split('\n')[2] === wanted
    ? undefined
    : `the third line of ${path} is not the language switch, with the revision that a translation follows: "${wanted}"`
}

type Pair = readonly [wanted: Section | undefined, found: Section | undefined]

/** The sections that belong together: so that they differ least in all, in their order. One that has no counterpart stands alone. */
function paired(wanted: readonly Section[], found: readonly Section[]): readonly Pair[] {
  const best = new Map<string, { cost: number; pairs: readonly Pair[] }>()
  const from = (w: number, f: number): { cost: number; pairs: readonly Pair[] } => {
    const known = best.get(`${w} ${f}`)
    if (known) return known
    const options = [[w + 1, f + 1] as const, [w + 1, f] as const, [w, f + 1] as const].flatMap(([nextW, nextF]) => {
      if (nextW > wanted.length || nextF > found.length) return []
      const pair: Pair = [nextW > w ? wanted[w] : undefined, nextF > f ? found[f] : undefined]
      const rest = from(nextW, nextF)
      return [{ cost: rest.cost + cost(pair), pairs: [pair, ...rest.pairs] }]
    })
    const least = options.reduce((one, other) => (other.cost < one.cost ? other : one), options[0] ?? { cost: 0, pairs: [] })
    best.set(`${w} ${f}`, least)
    return least
  }
  return from(0, 0).pairs
}

function cost([wanted, found]: Pair): number {
  if (wanted && found) return sectionGaps(wanted, found).length
  const { fences, rows, codes, links } = (wanted ?? found) as Section
  return 2 + fences.length + rows.length + codes.length + links.length
}

function pairGaps([wanted, found]: Pair): string[] {
  if (wanted && found) return sectionGaps(wanted, found)
  return wanted ? [`section is missing: ${named(wanted)}`] : [`section is not in the original: ${named(found as Section)}`]
}

function named({ level, heading }: Section): string {
  return `${'#'.repeat(level)} ${heading}`
}

function sectionGaps(wanted: Section, found: Section): string[] {
  const lines = [
    ...(wanted.level === found.level ? [] : [`heading: ${named(wanted)} in the original, ${named(found)} in the translation`]),
    ...listGaps('code block', wanted.fences, found.fences),
    ...listGaps('table row', wanted.rows, found.rows),
    ...orderGap('code blocks', wanted.fences, found.fences),
    ...orderGap('table rows', wanted.rows, found.rows),
    ...listGaps('code', wanted.codes, found.codes),
    ...listGaps('link', wanted.links, found.links),
    ...Object.entries(wanted.counts).flatMap(([what, count]) => {
      const has = found.counts[what as keyof Section['counts']]
      return has === count ? [] : [`${what}: ${count} in the original, ${has} in the translation`]
    }),
  ]
  return lines.map((line) => `under "${wanted.heading}" ("${found.heading}"): ${line}`)
}

function orderGap(what: string, wanted: readonly string[], found: readonly string[]): string[] {
  const sameItems = [...wanted].sort().join() === [...found].sort().join()
  return sameItems && wanted.join() !== found.join() ? [`its ${what} are in another order`] : []
}

/** Words of one language may come in another order than those of another: only what is there, and how often, counts. */
function listGaps(what: string, wanted: readonly string[], found: readonly string[]): string[] {
  const beyond = (all: readonly string[], others: readonly string[]): string[] => {
    const left = [...others]
    return all.filter((one) => {
      const at = left.indexOf(one)
      if (at !== -1) left.splice(at, 1)
      return at === -1
    })
  }
  return [
    ...beyond(wanted, found).map((one) => `${what} is missing: ${one}`),
    ...beyond(found, wanted).map((one) => `${what} is not in the original: ${one}`),
  ]
}

/** The sections of a page. With `others`, its links are those that its translation must have. */
function sections(page: Page, others?: readonly (readonly [Page, Page])[]): Section[] {
  const lines = page.text.split('\n')
  lines.splice(2, 1) // the language switch
  const fences: string[] = []
  // A code block stands for itself as one line, so that what looks like a heading in it is none.
  const flat = lines.join('\n').replace(fence, (block) => `\`\`\`${fences.push(block) - 1}`)
  return flat.split(/^(?=#{1,6} )/m).map((text) => {
    const [, marks = '', heading = ''] = /^(#{1,6}) (.*)/.exec(text) ?? []
    const rows = [...text.matchAll(/^\|.*\|$/gm)].map(([row]) => row).filter((row) => !/^[|: -]+$/.test(row))
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    return {
      level: marks.length,
      heading,
      fences: [...text.matchAll(/^```(\d+)$/gm)].map(([, index]) => fences[Number(index)] as string),
      rows: rows.map((row) => codesIn(row.split('|')[1] ?? '').join(' ') || 'one without an identifier'),
      codes: [...codesIn(text), ...(heading.match(/\b[A-Za-z]+(?:_[A-Za-z]+)+\b/g) ?? [])],
      links: others === undefined ? links : links.map((link) => translatedLink(page, link, others)),
      counts: {
        'table cells': rows.join('').split('|').length,
        'list items': text.match(/^ *(?:-|\d+\.) /gm)?.length ?? 0,
        paragraphs: text.split(/\n\s*\n/).filter((part) => part.trim() !== '').length,
      },
    }
  })
}

function codesIn(text: string): string[] {
  return [...text.matchAll(/`[^`\n]+`/g)].map(([code]) => code)
}

/** Where the translation of a page must lead for this link: to a page's translation and the same heading there, or, where there is none, the same. */
function translatedLink({ path }: Page, link: string, others: readonly (readonly [Page, Page])[]): string {
  if (/^[a-z]+:/.test(link)) return link
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? path : posix.join(posix.dirname(path), file)
  const [original, translation] = others.find(([other]) => other.path === target) ?? []
  if (original === undefined || translation === undefined) return link
  const there = anchor === undefined ? undefined : anchors(translation.text)[anchors(original.text).indexOf(anchor)]
  return `${file === '' ? '' : translatedPath(file)}${anchor === undefined ? '' : `#${there}`}`
}
