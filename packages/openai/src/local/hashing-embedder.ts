import { words } from './words.ts'

/** Length of the vectors when none is set. */
export const defaultDimensions = 2048

/** How much a group of four letters counts, where a word counts 1. */
const partWeight = 0.1
/** How often a word counts that is in the last heading before the text. */
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
  const holders = new Map<Feature, number>()
  for (const count of counts) for (const feature of count.keys()) holders.set(feature, (holders.get(feature) ?? 0) + 1)
  const rarity = (feature: Feature): number => Math.log(1 + (texts.length + 0.5) / ((holders.get(feature) ?? 0) + 0.5))
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

/** How often each feature is in the parts, each times its weight. */
function counted(parts: readonly (readonly [text: string, weight: number])[]): Map<Feature, number> {
  const counts = new Map<Feature, number>()
  for (const [text, weight] of parts)
    for (const word of words(text)) for (const feature of featuresOf(word)) counts.set(feature, (counts.get(feature) ?? 0) + weight)
  return counts
}

function wordCount(counts: ReadonlyMap<Feature, number>): number {
  return [...counts].reduce((sum, [feature, uses]) => sum + (feature.isWord ? uses : 0), 0)
}

function vector(weights: readonly (readonly [feature: Feature, weight: number])[], dimensions: number): number[] {
  const numbers = new Array<number>(dimensions).fill(0)
  for (const [{ hashed, sign, isWord }, weight] of weights) {
    const place = hashed % dimensions
    // Half of a part's weight, as a factor, stands on either side of the inner product.
    numbers[place] = (numbers[place] ?? 0) + sign * weight * (isWord ? 1 : Math.sqrt(partWeight))
  }
  // Most numbers are 0, and stay: to round only the others takes a third of the time.
  for (const [{ hashed }] of weights) {
    const place = hashed % dimensions
    // Adding 0 makes 0 of the -0 that a small negative number is rounded to: JSON has none.
    numbers[place] = Math.round((numbers[place] ?? 0) * 1e4) / 1e4 + 0
  }
  return numbers
}

/** A word, or a group of letters in one, and what its name is hashed to. There is one for each name. */
interface Feature {
  readonly isWord: boolean
  readonly hashed: number
  readonly sign: 1 | -1
}

const features = new Map<string, Feature>()
const featuresOfWords = new Map<string, readonly Feature[]>()

/** The word (by the name `word`) and its groups of four letters (`#word`). */
function featuresOf(word: string): readonly Feature[] {
  const known = featuresOfWords.get(word)
  if (known !== undefined) return known
  const padded = `<${word}>`
  const found = [featureNamed(word)]
  for (let start = 0; start + 3 < padded.length; start++) found.push(featureNamed(`#${padded.slice(start, start + 4)}`))
  featuresOfWords.set(word, found)
  return found
}

function featureNamed(name: string): Feature {
  const known = features.get(name)
  if (known !== undefined) return known
  const hashed = hash(name)
  const made = { isWord: !name.startsWith('#'), hashed: hashed >>> 1, sign: (hashed & 1) === 0 ? 1 : -1 } as const
  features.set(name, made)
  return made
}

/** FNV-1a of 32 bits, its bits mixed again: each of them counts. */
function hash(text: string): number {
  let hashed = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hashed = Math.imul(hashed ^ text.charCodeAt(index), 0x01000193)
  return Math.imul(hashed ^ (hashed >>> 16), 0x85ebca6b) >>> 0
}
