/** Levels of a log line; the names are Dagster's. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical'

/** Writes log lines that belong to the current step. Secrets are redacted. */
export type StepLog = { readonly [Level in LogLevel]: (message: string) => void }
