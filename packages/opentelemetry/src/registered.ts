/** The providers that the program has registered with OpenTelemetry's API. */
interface Registered {
  readonly trace?: unknown
  readonly metrics?: unknown
}

const nothing: Registered = {}

/**
 * Detected without loading the API: every copy of it keeps what is registered under this symbol, so that where no copy was ever loaded, nothing is.
 * `OTEL_SDK_DISABLED` counts for it, too.
 */
export function registeredSdk(): Registered {
  if (process.env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return nothing
  return (globalThis as { [key: symbol]: Registered | undefined })[Symbol.for('opentelemetry.js.api.1')] ?? nothing
}
