/**
 * Refuses words and phrases that this project no longer uses, in code, comments, tests and docs: plain English and Dagster's terms instead.
 * `node scripts/check-words.ts` prints each with file, line and what to write. A line that needs one ends with a comment `words: allowed`.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Rule {
  readonly words: RegExp
  readonly write: string
  /** Files in which the words mean something else. */
  readonly except?: RegExp
}

const rules: readonly Rule[] = [
  { words: /(?<!\b[Tt]here\W{0,4})\b(?:is|are|was|were|be) no (?!longer\b|more\b|such\b|better\b|worse\b)/, write: 'is not a, are not' },
  { words: /\b[Tt]old\b/, write: 'reported, notified, printed, distinguished' },
  { words: /\b[Mm]end(?:s|ed|ing)?\b/, write: 'fix' },
  { words: /\b[Cc]ures?\b/, write: 'hint, fix' },
  { words: /\blook(?:s|ed|ing)? at\b/i, write: 'check, read, inspect' },
  { words: /\bsteps? (?:that |which )?(?:run|runs) at once\b|\bcalls? at once\b|\bseveral at once\b/i, write: 'concurrent, concurrently' },
  { words: /\b[Cc]ron lines?\b/, write: 'cron expression' },
  { words: /\b[Ll]ocal forms?\b/, write: 'local backend' },
  { words: /\bmade from\b/i, write: 'derived from, depends on, upstream' },
  { words: /\bin a circle\b/, write: 'in a cycle' },
  { words: /\b(?:broke|breaks) off\b/, write: 'was aborted' },
  { words: /\bon (?:its|their) way\b/, write: 'still running, in progress' },
  { words: /\banew\b/, write: 'again' },
  { words: /\btried again\b/, write: 'retried; retrying in' },
  { words: /\bdefinitions lack\b/, write: 'is not in definitions()' },
  { words: /\b[Ww]hole numbers?\b/, write: 'integer' },
  { words: /\bonce a (?:run|step|partition|process|project|item|file)\b/, write: 'once per run' },
  { words: /\b[Gg](?:ives?|ave|iving|iven) back\b/, write: 'returns' },
  { words: /\bin vain\b|\bfor ever\b|\bin one go\b/, write: 'without success, forever, together' },
  { words: /\bstands? (?:in|at|below|above|between|there)\b/, write: 'is in, is at' },
  { words: /\bgo(?:es)? on (?:with|from)\b/, write: 'continues with' },
  { words: /\bin (?:a|an) (?:\w+ )?(?:process|file|folder|module|thread|step|run) of (?:its|their) own\b/, write: 'in its own process' },
  { words: /\b[Aa]ll that (?:is|it|has|was|a|the)\b/, write: 'everything that' },
  { words: /\bcalls? of (?:a )?(?:model|function|flow)s?\b/, write: 'model call, call to a function' },
  { words: /(?:\/\*\*|""") ?What\b/, write: 'a noun phrase: "The result of …" for "What … gives"' },
  { words: /\b(?:at most|at least|after|by|for|until there are) so many\b/, write: 'that many' },
  { words: /\bobituary\b|\b_Crew\b|\b_bury\b/, write: 'death_report, _StepThreads, _on_exit' },
]

const read = /\.(?:ts|mts|mjs|js|py|peggy|md|example|toml|yml)$/
/** Generated files, data of others, this list, the Chinese pages, and changelogs: they describe each version in the words of its time. */
const unread = /(?:^|\/)(?:generated|test-data|golden|node_modules|dist)\/|check-words|\.zh-CN\.md$|CHANGELOG\.md$/

/** The refused phrases in the text of a file, a sentence each. */
export function wordProblems(file: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.includes('words: allowed')) return []
    return rules
      .filter(({ words, except }) => words.test(line) && except?.test(file) !== true)
      .map(({ words, write }) => `${file}:${index + 1} has "${words.exec(line)?.[0]}". Write: ${write}.`)
  })
}

/** The files under version control that are checked. */
function files(root: string): string[] {
  const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split(
    '\n',
  )
  return tracked.filter((file) => read.test(file) && !unread.test(file))
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const problems = files(root).flatMap((file) => wordProblems(file, readFileSync(join(root, file), 'utf8')))
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}
