import { createHash } from 'node:crypto'
import { words } from './words.ts'

/** Length of the vectors. */
export const dimensions = 4096

/** A text with the headings that it stands under, outermost first. */
export interface HeadedText {
  readonly headings: readonly string[]
  readonly text: string
}

/** How much a group of four letters counts, where a word counts 1. */
const partWeight = 0.1
/** How often a word counts that stands in the nearest heading. */
const headingWeight = 3
/** How slowly the tenth use of a word counts less than the first, and how much a long text is held back: k1 and b of BM25. */
const saturation = 2
const lengthPenalty = 0.5

/**
 * Vectors for texts, without a model: words and their groups of letters are hashed onto `dimensions` numbers. The inner product of a text's vector
 * and a question's is the text's BM25 score, but for collisions of hashes: words that the texts share count little, rare ones much.
 * How rare a word is depends on all the texts, so they are embedded together. The same texts always give the same vectors.
 */
export function embedTexts(texts: readonly HeadedText[]): number[][] {
  const counts = texts.map(({ headings, text }) =>
    counted([[text, 1], ...headings.map((heading, index) => [heading, index === headings.length - 1 ? headingWeight : 1] as const)]),
  )
  const holders = new Map<string, number>()
  for (const feature of counts.flatMap((count) => [...count.keys()])) holders.set(feature, (holders.get(feature) ?? 0) + 1)
  const rarity = (feature: string): number => Math.log(1 + (texts.length + 0.5) / ((holders.get(feature) ?? 0) + 0.5))
  const lengths = counts.map(wordCount)
  const average = lengths.reduce((sum, length) => sum + length, 0) / texts.length
  return counts.map((count, index) => {
    const held = saturation * (1 - lengthPenalty + (lengthPenalty * (lengths[index] ?? 0)) / average)
    return vector([...count].map(([feature, uses]) => [feature, (rarity(feature) * uses * (saturation + 1)) / (uses + held)]))
  })
}

/** A vector for a question: each of its words counts once. */
export function embedQuestion(question: string): number[] {
  return vector([...counted([[question, 1]]).keys()].map((feature) => [feature, 1]))
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

function vector(weights: readonly (readonly [feature: string, weight: number])[]): number[] {
  const numbers = new Array<number>(dimensions).fill(0)
  for (const [feature, weight] of weights) {
    const { place, sign } = slot(feature)
    // Half of a part's weight, as a factor, stands on either side of the inner product.
    numbers[place] = (numbers[place] ?? 0) + sign * weight * (isPart(feature) ? Math.sqrt(partWeight) : 1)
  }
  return numbers.map((number) => Math.round(number * 1e4) / 1e4)
}

const slots = new Map<string, { place: number; sign: 1 | -1 }>()

/** Where a feature is hashed to. */
function slot(feature: string): { place: number; sign: 1 | -1 } {
  const known = slots.get(feature)
  if (known !== undefined) return known
  const digest = createHash('sha256').update(feature).digest()
  const made = { place: digest.readUInt32LE(0) % dimensions, sign: (digest.readUInt8(4) & 1) === 0 ? 1 : -1 } as const
  slots.set(feature, made)
  return made
}
