import { expect, test } from 'vitest'
import { wordProblems } from '../../scripts/check-words.ts'

test('a word of the old manner is named with its line and what to write', () => {
  expect(wordProblems('a.ts', 'const a = 1\n// this is no error, and nobody was told')).toEqual([
    // words: allowed
    'a.ts:2 has "is no ". Write: is not a, are not.',
    'a.ts:2 has "told". Write: reported, notified, printed, distinguished.', // words: allowed
  ])
})

test.each(['There is no asset "a".', '`there`} is no job', 'It is no longer there.', 'a line that needs the word mend // words: allowed'])(
  '%s is fine',
  (line) => expect(wordProblems('a.ts', line)).toEqual([]),
)
