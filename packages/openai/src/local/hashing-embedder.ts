import { createHash } from 'node:crypto'
import { words } from './words.ts'

/** Length of the vectors when none is set. */
export const defaultDimensions = 4096

/** How much a group of four letters counts, where a word counts 1. */
const partWeight = 0.1
/** How often a word counts that stands in the last heading before the text. */
const headingWeight = 3
/** How slowly the tenth use of a word counts less than the first, and how much a long text is held back: k1 and b of BM25. */
const saturation = 2
const lengthPenalty = 0.5

/**
 * Vectors for texts, without a model: words and their groups of letters are hashed onto `dimensions` numbers. The inner product of a text's vector
 * and a query's is the text's BM25 score, but for collisions of hashes: words that the texts share count little, rare ones much.
 * How rare a word is depends on all the texts, so they are embedded together. A text may begin with Markdown headings: the last of them counts more.
 * The same texts always give the same vectors.
 */
export function embedDocuments(texts: readonly string[], dimensions: number): number[][] {
  const counts = texts.map((text) => counted(weighted(text)))
  const holders = new Map<string, number>()
  for (const feature of counts.flatMap((count) => [...count.keys()])) holders.set(feature, (holders.get(feature) ?? 0) + 1)
  const rarity = (feature: string): number => Math.log(1 + (texts.length + 0.5) / ((holders.get(feature) ?? 0) + 0.5))
  const lengths = counts.map(wordCount)
  const average = lengths.reduce((sum, length) => sum + length, 0) / texts.length || 1
  return counts.map((count, index) => {
    const held = saturation * (1 - lengthPenalty + (lengthPenalty * (lengths[index] ?? 0)) / average)
    const weights = [...count].map(([feature, uses]) => [feature, (rarity(feature) * uses * (saturation + 1)) / (uses + held)] as const)
    return vector(weights, dimensions)
  })
}

/** A vector for a query: each of its words counts once. */
export function embedQuery(query: string, dimensions: number): number[] {
  return vector(
    [...counted([[query, 1]]).keys()].map((feature) => [feature, 1]),
    dimensions,
  )
}

/** The text and the Markdown headings that it begins with, each with its weight. */
function weighted(text: string): (readonly [part: string, weight: number])[] {
  const lines = text.split('\n')
  const found = lines.findIndex((line) => !/^#{1,6}\s/.test(line))
  const headings = lines.slice(0, found === -1 ? lines.length : found)
  const last = headings.length - 1
  return [
    [lines.slice(headings.length).join('\n'), 1],
    ...headings.map((heading, index) => [heading, index === last ? headingWeight : 1] as const),
  ]
}

/** How often each word (`word`) and group of letters (`#word`) stands in the parts, each times its weight. */
function counted(parts: readonly (readonly [text: string, weight: number])[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [text, weight] of parts)
    for (const feature of words(text).flatMap(featuresOf)) counts.set(feature, (counts.get(feature) ?? 0) + weight)
  return counts
}

function featuresOf(word: string): string[] {
  const padded = `<${word}>`
  const starts = Array.from({ length: Math.max(0, padded.length - 3) }, (_, start) => start)
  return [word, ...starts.map((start) => `#${padded.slice(start, start + 4)}`)]
}

function wordCount(counts: ReadonlyMap<string, number>): number {
  return [...counts].reduce((sum, [feature, uses]) => sum + (isPart(feature) ? 0 : uses), 0)
}

function isPart(feature: string): boolean {
  return feature.startsWith('#')
}

function vector(weights: readonly (readonly [feature: string, weight: number])[], dimensions: number): number[] {
  const numbers = new Array<number>(dimensions).fill(0)
  for (const [feature, weight] of weights) {
    const { hash, sign } = slot(feature)
    const place = hash % dimensions
    // Half of a part's weight, as a factor, stands on either side of the inner product.
    numbers[place] = (numbers[place] ?? 0) + sign * weight * (isPart(feature) ? Math.sqrt(partWeight) : 1)
  }
  return numbers.map((number) => Math.round(number * 1e4) / 1e4)
}

const slots = new Map<string, { hash: number; sign: 1 | -1 }>()

/** What a feature is hashed to. */
function slot(feature: string): { hash: number; sign: 1 | -1 } {
  const known = slots.get(feature)
  if (known !== undefined) return known
  const digest = createHash('sha256').update(feature).digest()
  const made = { hash: digest.readUInt32LE(0), sign: (digest.readUInt8(4) & 1) === 0 ? 1 : -1 } as const
  slots.set(feature, made)
  return made
}
