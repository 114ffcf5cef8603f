/** Words that say nothing about what a text is about. */
const stopWords = new Set(
  'a an and are as at be been but by can could do does did for from had has have how i if in into is it its me my no not of on or our should so than that the their them then there these they this to was we were what when where which while who why will with would you your'.split(
    ' ',
  ),
)

/** The words of a text that matter, without their endings: `Stopping a run` gives `stop`, `run`. */
export function words(text: string): string[] {
  const found = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  return found.filter((word) => !stopWords.has(word)).map(stem)
}

/** English endings and what is in their place, the longest first. */
const endings = [
  ['ies', 'y'],
  ['ing', ''],
  ['ed', ''],
  ['es', ''],
  ['s', ''],
  ['e', ''],
] as const

/** A word without its ending, roughly: forms of one word should become the same, whatever that is. At least three letters stay. */
function stem(word: string): string {
  for (const [ending, instead] of endings) {
    const kept = word.length - ending.length
    if (!word.endsWith(ending) || kept < 3 || word.endsWith('ss')) continue
    return (word.slice(0, kept) + instead).replace(/([^aeiouls])\1$/, '$1')
  }
  return word
}
