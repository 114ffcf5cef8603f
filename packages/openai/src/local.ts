import { createHash } from 'node:crypto'

/** What stands in the place of a model's name. */
export const localModel = 'local-hash'

const stopWords = new Set(
  'a an and are as at be but by can do does for from had has have how i if in into is it its me my no not of on or our so than that the their them then there these they this to was we were what when where which who why will with you your'.split(
    ' ',
  ),
)

/**
 * A vector for a text, without a model: words and their groups of four letters are hashed onto `dimensions` numbers, and the vector is scaled to
 * length 1. Texts that share words, or parts of words, point in similar directions. The same text always gives the same vector.
 */
export function hashedVector(text: string, dimensions: number): number[] {
  const counts = new Map<string, number>()
  for (const [feature, weight] of features(text)) counts.set(feature, (counts.get(feature) ?? 0) + weight)
  const vector = new Array<number>(dimensions).fill(0)
  for (const [feature, count] of counts) {
    const digest = createHash('sha256').update(feature).digest()
    const place = digest.readUInt32LE(0) % dimensions
    vector[place] = (vector[place] ?? 0) + ((digest.readUInt8(4) & 1) === 0 ? 1 : -1) * Math.sqrt(count)
  }
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1
  return vector.map((value) => Math.round((value / length) * 1e5) / 1e5)
}

function* features(text: string): Generator<readonly [feature: string, weight: number]> {
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []) {
    if (stopWords.has(word)) continue
    yield [word, 1]
    const padded = `<${word}>`
    for (let start = 0; start + 4 <= padded.length; start++) yield [`#${padded.slice(start, start + 4)}`, 0.1]
  }
}
