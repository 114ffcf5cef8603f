import { catalogue, type ErrorCode, type ErrorDetails, type ErrorKind } from './error-catalogue.ts'

/** Marks errors of this package across duplicate installs, where `instanceof` on a class would fail. */
const brand: unique symbol = Symbol.for('dagma.error') as never

const names = {
  definition: 'DefinitionError',
  execution: 'ExecutionError',
  user_code: 'UserCodeError',
  protocol: 'ProtocolError',
  internal: 'InternalError',
} as const satisfies Record<ErrorKind, string>

/** The parts of an error. */
interface ErrorParts {
  readonly kind: ErrorKind
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  readonly cause: unknown
}

let make: (parts: ErrorParts) => DagmaError

/**
 * An error with a permanent code. Its message says what is wrong, where, and how to fix it.
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
  /** The message without the hint and the code. */
  readonly problem: string
  /** How to fix it, in one sentence. */
  readonly hint: string
  readonly [brand] = true

  static {
    make = (parts) => new DagmaError(parts)
  }

  private constructor({ kind, code, message, hint, cause }: ErrorParts) {
    const problem = sentence(message)
    super(`${problem} ${hint} [${code}]`, cause === undefined ? undefined : { cause })
    this.problem = problem
    this.name = names[kind]
    this.kind = kind
    this.code = code
    this.hint = hint
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}

function sentence(text: string): string {
  return /[.!?\]]\s*$/.test(text) ? text.trimEnd() : `${text}.`
}

/** Makes the catalogue's error of that code: the only way to make one. */
export function dagmaError<Code extends ErrorCode>(code: Code, details: ErrorDetails<Code>, cause?: unknown): DagmaError {
  const entry = catalogue[code]
  return make({ kind: entry.kind, code, ...entry.text(details as never), cause })
}

/**
 * An error that a user's module threw while definitions were loaded, with the place in that module first: of whatever kind it was, what is
 * wrong is then a definition.
 */
export function definitionError({ code, problem, hint, cause }: DagmaError, place: string | undefined): DagmaError {
  return make({ kind: 'definition', code, message: place === undefined ? problem : `${place}: ${problem}`, hint, cause })
}

const errorsBrand: unique symbol = Symbol.for('dagma.definition-errors') as never

/** Everything that is wrong with a project's definitions, found together. */
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
