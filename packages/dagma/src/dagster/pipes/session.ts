import type { CheckSeverity } from '../../definitions/results.ts'
import type { LogLevel, StepLog } from '../../definitions/step-log.ts'
import type { Metadata } from '../../metadata/metadata-value.ts'
import type { WireMetadata } from '../../metadata/normalize.ts'
import { gateError, gateStaticMetadata, gateText, gateValue, type WireError } from '../../runtime/exit-gate.ts'
import type { PipesContextData, PipesMessageWriter, PipesMethod } from './protocol.ts'

/** A Pipes session: what Dagster asked for, and how to report back. `opened` is sent at once; {@link PipesSession.close} must end it. */
export class PipesSession {
  /** What Dagster tells about the step. */
  readonly context: PipesContextData
  /** Log lines for the run's log in Dagster. Secrets are redacted. */
  readonly log: StepLog
  readonly #writer: PipesMessageWriter
  #closed = false

  constructor(context: PipesContextData, writer: PipesMessageWriter) {
    this.context = context
    this.#writer = writer
    const at = (level: LogLevel) => (message: string) => this.#send('log', { message: gateText(message), level: level.toUpperCase() })
    this.log = { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error'), critical: at('critical') }
    this.#send('opened', { extras: {} })
  }

  /** Reports that an asset was made. `assetKey` has "/" between its parts; default: the session's only asset. */
  reportAssetMaterialization(report: { metadata?: Metadata; assetKey?: string; dataVersion?: string }): void {
    const { assetKey = this.#onlyAsset(), metadata = {}, dataVersion } = report
    this.reportGatedMaterialization(assetKey, gateStaticMetadata(metadata), dataVersion === undefined ? undefined : gateText(dataVersion))
  }

  /** As {@link PipesSession.reportAssetMaterialization}, with metadata and a data version that have passed the exit gate. */
  reportGatedMaterialization(assetKey: string, metadata: WireMetadata, dataVersion?: string): void {
    this.#send('report_asset_materialization', { asset_key: assetKey, metadata: withFloats(metadata), data_version: dataVersion ?? null })
  }

  /** Reports what a check found, in the form of Pipes, after it passed the exit gate. */
  reportGatedCheck(
    assetKey: string,
    check: { readonly name: string; readonly passed: boolean; readonly severity: CheckSeverity; readonly metadata: WireMetadata },
  ): void {
    const { name, passed, severity, metadata } = check
    this.#send('report_asset_check', { asset_key: assetKey, check_name: name, passed, severity, metadata })
  }

  /** Reports what a check found. `assetKey` has "/" between its parts; default: the session's only asset. */
  reportAssetCheck(report: { checkName: string; passed: boolean; severity?: CheckSeverity; metadata?: Metadata; assetKey?: string }): void {
    const { checkName: name, passed, severity = 'ERROR', metadata = {} } = report
    this.reportGatedCheck(report.assetKey ?? this.#onlyAsset(), { name, passed, severity, metadata: gateStaticMetadata(metadata) })
  }

  /** Sends JSON data that the Python side reads with `get_custom_messages()`. */
  reportCustomMessage(payload: unknown): void {
    this.#send('report_custom_message', { payload: gateValue(payload) })
  }

  /** Ends the session, well or with the error that stopped it. A second call does nothing. */
  close(error?: unknown): void {
    this.closeGated(error === undefined ? undefined : gateError(error))
  }

  /** As {@link PipesSession.close}, with an error that has passed the exit gate. */
  closeGated(exception: WireError | undefined): void {
    if (this.#closed) return
    this.#send('closed', exception === undefined ? {} : { exception })
    this.#closed = true
  }

  #onlyAsset(): string {
    const keys = this.context.asset_keys ?? []
    if (keys[0] === undefined || keys.length > 1)
      throw new TypeError(`Name the asset with assetKey: this session has ${keys.length} assets.`)
    return keys[0]
  }

  #send(method: PipesMethod, params: { readonly [key: string]: unknown }): void {
    if (this.#closed) throw new Error('This Pipes session is closed.')
    this.#writer.write({ __dagster_pipes_version: '0.1', method, params })
  }
}

/** Dagster takes no whole number where a float is told, and Python reads `5` as one: it is written `5.0`. */
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
