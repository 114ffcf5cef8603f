export { openTelemetry } from './instrument.ts'
export type { OpenTelemetryOptions } from './settings.ts'
