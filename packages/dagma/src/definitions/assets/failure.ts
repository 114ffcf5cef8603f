import type { Metadata } from '../../metadata/metadata-value.ts'

const brand: unique symbol = Symbol.for('dagma.failure') as never

/** Throw it to fail a step on purpose, with metadata, or without more tries. Dagster's `Failure`. Any other error fails a step too. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly metadata: Metadata
  /** Whether the retry policy applies. */
  readonly allowRetries: boolean
  readonly [brand] = true

  constructor(
    description: string,
    options: {
      /** Shown with the failure; default: none. */
      metadata?: Metadata
      /** Default true. */
      allowRetries?: boolean
      cause?: unknown
    } = {},
  ) {
    super(description, 'cause' in options ? { cause: options.cause } : undefined)
    this.metadata = options.metadata ?? {}
    this.allowRetries = options.allowRetries ?? true
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}
