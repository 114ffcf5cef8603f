/** Levels of a log line; the names are Dagster's. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical'

/**
 * Writes log lines that belong to the current step, from any values, as `console.log` does: `log.info('%d rows', 3)`, `log.info(row)`. Secrets are
 * redacted. A line above 100,000 characters is cut.
 */
export type StepLog = { readonly [Level in LogLevel]: (...message: readonly unknown[]) => void }
