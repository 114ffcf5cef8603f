/** A text as sentences: a line without a mark at its end is one too. Marks of quotations such as `[1]` stay with what they are before. */
export function sentencesOf(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line) => line.replace(/^[#>*\-\s]+(?=\S)/, '').split(/(?<=[.!?。！？])\s+/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence))
}

/** How many sentences an answer has, at most. */
const mostSentences = 3

/**
 * The sentences of a text that say most about its question, in the order of the text. The question is the last sentence that ends with a question mark,
 * else the last one of several; of a single sentence, it is the answer. Words count more the fewer sentences have them.
 */
export function bestSentences(text: string): string[] {
  const sentences = sentencesOf(text)
  const asked = Math.max(
    sentences.findLastIndex((sentence) => /[?？]$/.test(sentence)),
    -1,
  )
  const question = asked === -1 ? sentences.length - 1 : asked
  const others = sentences.filter((_, index) => index !== question)
  if (others.length === 0) return sentences
  const words = others.map((sentence) => new Set(wordsOf(sentence)))
  const holders = new Map<string, number>()
  for (const set of words) for (const word of set) holders.set(word, (holders.get(word) ?? 0) + 1)
  const wanted = new Set(wordsOf(sentences[question] ?? ''))
  const score = (set: ReadonlySet<string>): number =>
    [...wanted].reduce((sum, word) => sum + (set.has(word) ? Math.log(1 + others.length / (holders.get(word) ?? 1)) : 0), 0) /
    (1 + Math.log(1 + set.size))
  const ranked = words.map((set, index) => ({ index, score: score(set) })).toSorted((a, b) => b.score - a.score || a.index - b.index)
  const [best] = ranked
  // Sentences with less than half of the best score are irrelevant.
  const chosen = ranked.slice(0, mostSentences).filter((one) => one === best || one.score > (best?.score ?? 0) / 2)
  return chosen.toSorted((a, b) => a.index - b.index).map(({ index }) => others[index] ?? '')
}

/** The words of a text by their first letters, so that forms of one word are mostly the same. */
function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => (word.length > 6 ? word.slice(0, 5) : word.replace(/s$/, '')))
}
