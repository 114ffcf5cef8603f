/**
 * The table of environment variables: the names are read from the sources of both languages, what they mean from the tables of the guide. A name
 * that the sources have and the guide lacks stops the build.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generated } from '../navigation.ts'
import { files, onSite, repository, route } from '../pages.ts'
import { cell } from './table.ts'

/** Names of variables, not of tags. Those of Dagma look like the codes of its errors: only what is read from the environment counts. */
const read =
  /\b(?:MLFLOW|QDRANT|LANGFLOW|EMBEDDINGS|LLM|OTEL|DAGSTER)_(?![A-Z_]*_TAG\b)[A-Z][A-Z_]*[A-Z]\b|(?<=\benv\.|\benv\['|\benv\('|\bsecret\('|_ENV = ")DAGMA_[A-Z_]*[A-Z]\b/g

const name = /\b(?:DAGMA|DAGSTER|MLFLOW|QDRANT|LANGFLOW|EMBEDDINGS|LLM|OTEL)_[A-Z][A-Z_]*[A-Z]\b/g

/** Set by Dagma or Dagster for the processes that they start, not by people. */
const internal = new Set(['DAGMA_RUN_MANIFESTS', 'DAGMA_WORKER_FD', 'DAGSTER_PIPES_CONTEXT', 'DAGSTER_PIPES_MESSAGES'])

export function environmentPage(): { route: string; text: string } {
  const meanings = documented()
  const used = variablesInSources(meanings)
  const missing = [...used.keys()].filter((variable) => !meanings.has(variable))
  if (missing.length > 0) throw new Error(`The sources have variables that no table of docs/ explains: ${missing.join(', ')}.`)
  const rows = [...meanings]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([variable, { meaning, file, title }]) => {
      const packages = [...(used.get(variable) ?? [])].sort().map((one) => `\`${one}\``)
      return `| \`${variable}\` | ${cell(meaning)} | ${packages.join(', ') || 'the example project, Dagster'} | [${title}](/${route(file)}) |`
    })
  const lead =
    'Generated from the sources and the tables of the guide. [The file `.env`](/guide/secrets.md#the-file-env) sets variables for a project.'
  return {
    route: generated.environment,
    text: `# Environment variables\n\n${lead}\n\n| variable | meaning | read by | more |\n|---|---|---|---|\n${rows.join('\n')}\n`,
  }
}

/** The variables in the sources, with the packages that have them. */
function variablesInSources(known: ReadonlyMap<string, unknown>): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const file of files) {
    const [, folder] = /^(packages\/\w+|python)\/src\/(?!.*(?:\.test\.ts|\/test\/|\/testing\/)).*\.(?:ts|py)$/.exec(file) ?? []
    if (folder === undefined) continue
    const text = readFileSync(join(repository, file), 'utf8')
    const variables = [...(text.match(read) ?? []), ...(text.match(name) ?? []).filter((variable) => known.has(variable))]
    for (const variable of variables)
      if (!internal.has(variable)) found.set(variable, (found.get(variable) ?? new Set()).add(packageName(folder)))
  }
  return found
}

function packageName(folder: string): string {
  if (folder === 'python') return 'dagster-dagma'
  return JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8')).name
}

interface Meaning {
  readonly meaning: string
  readonly file: string
  readonly title: string
}

/** The rows of the tables whose first column is `variable`. */
function documented(): Map<string, Meaning> {
  const found = new Map<string, Meaning>()
  for (const file of files.filter((file) => /^docs\/[^.]*\.md$/.test(file))) {
    const text = readFileSync(join(repository, file), 'utf8')
    const title = /^# (.*)$/m.exec(text)?.[1] ?? file
    for (const [, rows = ''] of text.matchAll(/^\| variable \|.*\n\|[-|: ]+\n((?:\|.*\n)+)/gm))
      for (const row of rows.trim().split('\n')) {
        const [, variables = '', meaning = ''] = row.split(/(?<!\\)\|/)
        for (const [variable] of variables.matchAll(name))
          if (!found.has(variable))
            found.set(variable, { meaning: onSite(file, meaning.trim(), new Set()).replaceAll('](#', `](/${route(file)}#`), file, title })
      }
  }
  return found
}
