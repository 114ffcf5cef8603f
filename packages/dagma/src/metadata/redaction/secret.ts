import { inspect } from 'node:util'
import { dagmaError } from '../../errors.ts'
import { redacted, shortestSecret } from './mark.ts'
import { declareSecret, rememberSecret, type SecretParts } from './secret-values.ts'

const registry: unique symbol = Symbol.for('dagma.secrets') as never
const shared: { [registry]?: Map<string, Secret> } = globalThis as never

/** Every secret of the process, one for each variable, kept across duplicate installs. */
const secrets = shared[registry] ?? new Map<string, Secret>()
shared[registry] = secrets

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
   * @throws DAGMA_SECRET_MISSING when the variable is not set; DAGMA_SECRET_SHORT when it has fewer than 8 characters, too few to redact reliably.
   */
  reveal(): string {
    const value = process.env[this.variable]
    if (!value) throw dagmaError('DAGMA_SECRET_MISSING', { variable: this.variable })
    if (value.length < shortestSecret) throw dagmaError('DAGMA_SECRET_SHORT', { variable: this.variable, shortest: shortestSecret })
    rememberSecret(this.variable, value)
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
 * secret by itself, too: the gate then looks for each of them. Default: the lines of a key, the members of a JSON text and the password in an address.
 * @example
 * ```ts
 * const apiKey = secret('SHOP_API_KEY')
 * console.log(apiKey.isSet)
 * ```
 */
export function secret(variable: string, parts?: SecretParts): Secret {
  declareSecret(variable, parts)
  const known = secrets.get(variable)
  if (known) return known
  const made = new Secret(variable)
  secrets.set(variable, made)
  return made
}
