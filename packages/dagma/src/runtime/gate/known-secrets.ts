/**
 * Everything that is checked before the code of a step runs: the secrets that a project can declare, and that none of them is in a value that is used
 * unredacted.
 */
import { keyText } from '../../definitions/assets/asset-key.ts'
import type { Definitions } from '../../definitions/model.ts'
import { DefinitionErrors, dagmaError } from '../../errors.ts'
import { shortestSecret } from '../../metadata/redaction/mark.ts'
import type { Needles } from '../../metadata/redaction/needles.ts'
import { holdsSecret, secretVariablesIn } from '../../metadata/redaction/redact.ts'
import { learnEnvironment, secretNeedles, shortSecrets } from '../../metadata/redaction/secret-values.ts'

/**
 * Makes the secrets known that a project can declare: those that the environment names, and those of its resources, whose settings functions are called
 * for it. Refuses a known secret in names, tags, partitions and config, which are stored and acted on as they are.
 * @throws DefinitionErrors
 */
export function learnSecrets(definitions: Definitions): void {
  for (const { declareSecrets } of definitions.resources.values()) declareSecrets?.()
  learnEnvironment()
  const known = secretNeedles()
  if (searched.get(definitions) === known) return
  refuse((visit) => visitDefinitions(definitions, visit))
  searched.set(definitions, known)
}

/** The secrets that were known when definitions were last searched: a process loads them, and then starts a run with them. */
const searched = new WeakMap<Definitions, Needles>()

/** Refuses a known secret in what is acted on, by the names of the fields. @throws DefinitionErrors */
export function expectNoSecretIn(fields: { readonly [field: string]: unknown }): void {
  refuse((visit) => visitFields(fields, visit))
}

/** A warning for each declared secret that is too short to redact. */
export function shortSecretWarnings(): string[] {
  return shortSecrets().map((variable) => dagmaError('DAGMA_SECRET_SHORT', { variable, shortest: shortestSecret }).message)
}

/** Takes a text that is acted on, and what names its field. */
export type Visit = (text: string, field: () => string) => void

/** A field in which known secrets stand, and the variables that they are the values of. */
export interface SecretField {
  readonly field: string
  readonly variables: readonly string[]
}

/**
 * The fields in which a known secret stands, of those that `walk` visits. There may be a million: they are searched as one text, and again when that
 * has one.
 */
export function secretFields(walk: (visit: Visit) => void): SecretField[] {
  const texts = new Set<string>()
  walk((text) => {
    if (text.length >= shortestSecret) texts.add(text)
  })
  if (!holdsSecret([...texts].join('\n'))) return []
  const found = new Map<string, string>()
  walk((text, field) => {
    if (holdsSecret(text)) found.set(field(), text)
  })
  return [...found].map(([field, text]) => ({ field, variables: secretVariablesIn(text) }))
}

/** Visits the texts and numbers in JSON-like values, names of members too. */
export function visitFields(fields: { readonly [field: string]: unknown }, visit: Visit): void {
  const waiting: (readonly [path: string, value: unknown])[] = Object.entries(fields)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [path, value] = next
    if (typeof value === 'string' || typeof value === 'number') visit(String(value), () => path)
    if (typeof value !== 'object' || value === null) continue
    for (const [key, member] of Object.entries(value)) {
      const isItem = Array.isArray(value)
      if (!isItem) visit(key, () => path)
      if (isItem && typeof member === 'string') visit(member, () => path)
      else waiting.push([isItem ? `${path}[${key}]` : `${path}.${key}`, member])
    }
  }
}

function refuse(walk: (visit: Visit) => void): void {
  const fields = secretFields(walk)
  if (fields.length > 0) throw new DefinitionErrors(fields.map((field) => dagmaError('DAGMA_SECRET_IN_DEFINITIONS', field)))
}

function visitDefinitions({ assets, steps, checks, jobs, schedules, sensors, executor }: Definitions, visit: Visit): void {
  for (const { key, group, tags, partitions, owners, kinds, codeVersion } of assets.values()) {
    const name = keyText(key)
    const fieldOf = (what: string) => () => `the ${what} of asset "${name}"`
    visit(name, fieldOf('key'))
    visit(group, fieldOf('group'))
    for (const list of [owners, kinds]) for (const text of list) visit(text, fieldOf('owners and kinds'))
    for (const [tag, value] of Object.entries(tags)) {
      visit(tag, fieldOf('tags'))
      visit(value, fieldOf('tags'))
    }
    if (codeVersion !== undefined) visit(codeVersion, fieldOf('code version'))
    if (partitions !== undefined) visitFields({ [`the partitions of asset "${name}"`]: partitions }, visit)
  }
  for (const [what, all] of Object.entries({ step: steps, check: checks, job: jobs, schedule: schedules, sensor: sensors }))
    for (const name of all.keys()) visit(name, () => `the name of ${what} "${name}"`)
  for (const { name, tags, config, executor, opTags } of jobs.values()) {
    const fields = { tags, config, executor, 'op tags': opTags }
    visitFields(Object.fromEntries(Object.entries(fields).map(([what, field]) => [`the ${what} of job "${name}"`, field])), visit)
  }
  for (const { name, opTags } of steps.values()) visitFields({ [`the op tags of step "${name}"`]: opTags }, visit)
  visitFields({ 'the executor of the definitions': executor }, visit)
}
