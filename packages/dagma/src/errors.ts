import { catalogue, type ErrorCode, type ErrorDetails, type ErrorKind } from './error-catalogue.ts'

/** Marks errors of this package across duplicate installs, where `instanceof` on a class would fail. */
const brand: unique symbol = Symbol.for('dagma.error') as never

/**
 * An error with a permanent code. Its message says what is wrong, where, and how to mend it.
 *
 * The kinds: `definition` (what is declared or asked for is wrong; nothing ran), `execution` (a run could not do its work),
 * `user_code` (the user's function threw; `cause` is what it threw), `protocol` (the other host sent something unknown),
 * `internal` (a mistake in Dagma).
 */
export class DagmaError extends Error {
  override readonly name: string
  readonly kind: ErrorKind
  /** Permanent; never used again for something else. Listed in `docs/errors.md`. */
  readonly code: ErrorCode
  /** What is wrong, without the hint and the code. */
  readonly problem: string
  /** How to mend it, in one sentence. */
  readonly hint: string
  readonly [brand] = true

  constructor(kind: ErrorKind, name: string, code: ErrorCode, text: { message: string; hint: string }, cause?: unknown) {
    const problem = sentence(text.message)
    super(`${problem} ${text.hint} [${code}]`, cause === undefined ? undefined : { cause })
    this.problem = problem
    this.name = name
    this.kind = kind
    this.code = code
    this.hint = text.hint
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}

function sentence(text: string): string {
  return /[.!?\]]\s*$/.test(text) ? text.trimEnd() : `${text}.`
}

const names = {
  definition: 'DefinitionError',
  execution: 'ExecutionError',
  user_code: 'UserCodeError',
  protocol: 'ProtocolError',
  internal: 'InternalError',
} as const satisfies Record<ErrorKind, string>

/** Makes the catalogue's error of that code. The only way in which Dagma's own code makes one. */
export function dagmaError<Code extends ErrorCode>(code: Code, details: ErrorDetails<Code>, cause?: unknown): DagmaError {
  const entry = catalogue[code]
  return new DagmaError(entry.kind, names[entry.kind], code, entry.text(details as never), cause)
}

const errorsBrand: unique symbol = Symbol.for('dagma.definition-errors') as never

/** All that is wrong with a project's definitions, found in one go. */
export class DefinitionErrors extends AggregateError {
  override readonly name = 'DefinitionErrors'
  declare readonly errors: DagmaError[]
  readonly [errorsBrand] = true

  constructor(errors: readonly DagmaError[]) {
    super(errors, errors.map((error) => error.message).join('\n'))
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && errorsBrand in value
  }
}
