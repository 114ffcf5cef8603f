import { inspect } from 'node:util'
import { dagmaError } from '../../errors.ts'

const shortest = 8

/** What stands in the place of a secret. */
export const redacted = '[redacted]'

const registry: unique symbol = Symbol.for('dagma.secrets') as never
const partsRegistry: unique symbol = Symbol.for('dagma.secret-parts') as never
const shared: { [registry]?: Map<string, Secret>; [partsRegistry]?: Map<string, SecretParts> } = globalThis as never

/** Every secret of the process, kept across duplicate installs: what the redaction gate looks for. */
const declared = shared[registry] ?? new Map<string, Secret>()
shared[registry] = declared

/** By variable: what of a value is secret by itself. */
const declaredParts = shared[partsRegistry] ?? new Map<string, SecretParts>()
shared[partsRegistry] = declaredParts

/** Finds what in a secret's value is secret by itself, such as each of several keys. */
export type SecretParts = (value: string) => readonly string[]

/**
 * A value that must not leave the process: it prints as `[redacted]` as a string, as JSON and when inspected.
 * Only {@link Secret.reveal}, at the call to the outside, gives the value. Made by {@link secret}.
 */
export class Secret {
  /** The environment variable that holds the value. */
  readonly variable: string

  constructor(variable: string) {
    this.variable = variable
  }

  /** Whether the variable is set and not empty, now. */
  get isSet(): boolean {
    return Boolean(process.env[this.variable])
  }

  /**
   * The value, read from the environment now.
   * @throws DAGMA_SECRET_MISSING when the variable is not set; DAGMA_SECRET_SHORT when it has under 8 characters, which
   * redaction could not tell from ordinary text.
   */
  reveal(): string {
    const value = process.env[this.variable]
    if (!value) throw dagmaError('DAGMA_SECRET_MISSING', { variable: this.variable })
    if (value.length < shortest) throw dagmaError('DAGMA_SECRET_SHORT', { variable: this.variable, shortest })
    return value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}

/**
 * Declares the secret that the environment variable `variable` holds. It is read late, by {@link Secret.reveal}. `parts` finds what in the value is
 * secret by itself, too: the gate then looks for each of them. Default: only the whole.
 */
export function secret(variable: string, parts?: SecretParts): Secret {
  if (parts) declaredParts.set(variable, parts)
  const known = declared.get(variable)
  if (known) return known
  const made = new Secret(variable)
  declared.set(variable, made)
  return made
}

/** The values of all declared secrets that are set now, longest first. */
export function secretValues(): string[] {
  const values: string[] = []
  for (const variable of declared.keys()) {
    const value = process.env[variable]
    if (value) values.push(value, ...(declaredParts.get(variable)?.(value) ?? []))
  }
  return [...new Set(values)].filter((value) => value.length >= shortest).sort((a, b) => b.length - a.length)
}
