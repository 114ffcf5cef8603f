import type { CheckSeverity } from '../../definitions/assets/results.ts'
import type { LogLevel, StepLog } from '../../definitions/assets/step-log.ts'
import { dagmaError } from '../../errors.ts'
import type { WireMetadata } from '../../metadata/normalize.ts'
import { gateError, gateText, gateValue, type WireError } from '../../runtime/gate/exit-gate.ts'
import { gatedLog } from '../../runtime/gate/gated-log.ts'
import type { PipesMessage, PipesMethod } from './protocol.ts'

/**
 * Makes the messages of one session. Log lines, metadata, data versions and errors that a method calls gated have passed the exit gate; it sends all
 * else through it.
 */
export class MessageSender {
  /** Log lines for the run's log in Dagster. */
  readonly log: StepLog
  readonly #write: (message: PipesMessage) => void
  #closed = false

  constructor(write: (message: PipesMessage) => void, openedExtras: { readonly [key: string]: unknown } = {}) {
    this.#write = write
    this.log = gatedLog((level, message) => this.logGated(level, message))
    this.#send('opened', { extras: gateValue(openedExtras) })
  }

  get isClosed(): boolean {
    return this.#closed
  }

  logGated(level: LogLevel, message: string): void {
    this.#send('log', { message, level: level.toUpperCase() })
  }

  reportGatedMaterialization(assetKey: string, metadata: WireMetadata, dataVersion?: string): void {
    this.#send('report_asset_materialization', { asset_key: assetKey, metadata: withFloats(metadata), data_version: dataVersion ?? null })
  }

  reportGatedCheck(
    assetKey: string,
    check: { readonly name: string; readonly passed: boolean; readonly severity: CheckSeverity; readonly metadata: WireMetadata },
  ): void {
    const { name, passed, severity, metadata } = check
    this.#send('report_asset_check', { asset_key: assetKey, check_name: name, passed, severity, metadata: withFloats(metadata) })
  }

  reportCustomMessage(payload: unknown): void {
    this.#send('report_custom_message', { payload: gateValue(payload) })
  }

  logExternalStream(stream: 'stdout' | 'stderr', text: string): void {
    this.#send('log_external_stream', { stream, text: gateText(text), extras: {} })
  }

  /** Ends the session, well or with the error that stopped it. A second call does nothing. */
  close(error?: unknown): void {
    this.closeGated(error === undefined ? undefined : gateError(error))
  }

  closeGated(exception: WireError | undefined): void {
    if (this.#closed) return
    this.#send('closed', exception === undefined ? {} : { exception })
    this.#closed = true
  }

  #send(method: PipesMethod, params: PipesMessage['params']): void {
    if (this.#closed) throw dagmaError('DAGMA_PIPES_CLOSED', { method })
    this.#write({ __dagster_pipes_version: '0.1', method, params })
  }
}

/** Dagster refuses an integer where a float is declared, and Python reads `5` as one: it is written `5.0`. */
function withFloats(metadata: WireMetadata): WireMetadata {
  const entries = Object.entries(metadata).map(([key, value]) => {
    if (value.type !== 'float' || !Number.isInteger(value.raw_value)) return [key, value] as const
    const digits = JSON.stringify(value.raw_value)
    return [key, { type: value.type, raw_value: rawJSON(digits.includes('e') ? digits : `${digits}.0`) }] as const
  })
  return Object.fromEntries(entries)
}

// In every Node that we support, but not yet in TypeScript's library.
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }
