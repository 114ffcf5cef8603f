import { environment, environmentTaken, environmentVersion } from './environment.ts'
import { redacted, shortestSecret } from './mark.ts'
import { Needles } from './needles.ts'
import { secretForms } from './secret-forms.ts'
import { countsAsSecret, ruleVariable } from './secret-names.ts'

/** Finds what in a secret's value is secret by itself, such as each of several keys. */
export type SecretParts = (value: string) => readonly string[]

/** The known secrets of a process. */
interface Store {
  /** Declared variables, with what finds their parts. */
  readonly declared: Map<string, SecretParts | undefined>
  /** Variables that count as secrets by their names. */
  readonly named: Set<string>
  /** Every value that a variable was seen to have: one that was unset or rotated is still secret. */
  readonly seen: Map<string, Set<string>>
  /** Another number whenever there is something new to find. */
  generation: number
}

const registry: unique symbol = Symbol.for('dagma.secret-values') as never
const shared: { [registry]?: Store } = globalThis as never

/** One for all copies of this package in the process. */
const store: Store = shared[registry] ?? { declared: new Map(), named: new Set(), seen: new Map(), generation: 0 }
shared[registry] = store

/** The {@link environmentVersion} when variables were last read, and the {@link environmentTaken} when all were checked. */
let looked = -1
let learned = -1

/** How many values of one variable are kept; then the oldest goes. */
const valuesKept = 100

/** Declares that a variable holds a secret, and what finds the parts of its value that are secret by themselves. */
export function declareSecret(variable: string, parts: SecretParts | undefined): void {
  if (store.declared.has(variable) && parts === undefined) return
  store.declared.set(variable, parts)
  store.generation++
  looked = -1
}

/** Remembers a value that a variable was seen to have. */
export function rememberSecret(variable: string, value: string): void {
  const values = store.seen.get(variable) ?? new Set()
  if (values.has(value)) return
  values.add(value)
  for (const oldest of values) {
    if (values.size <= valuesKept) break
    values.delete(oldest)
  }
  store.seen.set(variable, values)
  store.generation++
}

/** Values that {@link learnEnvironment} has seen, by their variables, under the rule that held then. */
const checked = { rule: '', values: new Map<string, string>() }

/**
 * Looks through the whole environment for variables that count as secrets by their names, where it may have changed. Costs too much to be done for
 * each line.
 */
export function learnEnvironment(): void {
  if (learned === environmentTaken()) return
  learned = environmentTaken()
  const variables = environment()
  const rule = variables[ruleVariable] ?? ''
  if (rule !== checked.rule) forgetChecked(rule)
  for (const [name, value = ''] of Object.entries(variables)) {
    if (checked.values.get(name) === value) continue
    checked.values.set(name, value)
    if (value.length < shortestSecret || store.declared.has(name) || !countsAsSecret(name, value, rule)) continue
    store.named.add(name)
    rememberSecret(name, value)
  }
}

function forgetChecked(rule: string): void {
  checked.rule = rule
  checked.values.clear()
}

/** Declared secrets whose value, set now, is too short to be found in a text without taking out ordinary words. */
export function shortSecrets(): string[] {
  const variables = environment()
  return [...store.declared.keys()].filter((name) => variables[name] && (variables[name] ?? '').trim().length < shortestSecret)
}

let compiled = { generation: -1, needles: new Needles([]) }

/** Everything that is to be found: every value that a secret was seen to have, in every form that it is looked for in. */
export function secretNeedles(): Needles {
  const version = environmentVersion()
  if (version !== looked) {
    if (looked === -1) learnEnvironment()
    looked = version
    const variables = environment()
    for (const names of [store.declared.keys(), store.named])
      for (const name of names) {
        const value = variables[name]
        if (value) rememberSecret(name, value)
      }
  }
  if (compiled.generation !== store.generation) compiled = { generation: store.generation, needles: new Needles(forms()) }
  return compiled.needles
}

/** Characters of the longest text that is looked for, as it is: in an encoding it is longer. For what cuts output into pieces. */
export function longestSecret(): number {
  return secretNeedles().longest
}

/** The texts to find for each variable separately, to report which one a text contains. Built each time. */
export function needlesByVariable(): Map<string, Needles> {
  return new Map([...store.seen.keys()].map((variable) => [variable, new Needles(formsOf(variable))]))
}

function forms(): Set<string> {
  return new Set([...store.seen.keys()].flatMap((variable) => [...formsOf(variable)]))
}

function formsOf(variable: string): Set<string> {
  const found = new Set<string>()
  for (const value of store.seen.get(variable) ?? [])
    for (const part of [value, ...(store.declared.get(variable)?.(value) ?? [])])
      for (const form of secretForms(part)) if (form.length >= shortestSecret && !redacted.includes(form)) found.add(form)
  return found
}

/** Forgets all values that were seen, and what counted by its name: for tests, each of which has secrets of its own. */
export function forgetSecrets(): void {
  store.seen.clear()
  store.named.clear()
  forgetChecked('')
  store.generation++
  looked = -1
  learned = -1
}
