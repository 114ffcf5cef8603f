import type { CheckSeverity } from '../../definitions/assets/results.ts'
import type { StepLog } from '../../definitions/assets/step-log.ts'
import { dagmaError } from '../../errors.ts'
import { plainJson } from '../../metadata/plain-json.ts'
import { holdsSecret } from '../../metadata/redaction/redact.ts'
import { gateText, gateWireMetadata } from '../../runtime/gate/exit-gate.ts'
import { PipesContext } from './context.ts'
import type { MessageSender } from './message-sender.ts'
import { type PipesMetadata, pipesMetadata } from './metadata.ts'
import type { PipesContextData } from './protocol.ts'

/** A materialization. */
export interface PipesMaterialization {
  /** The asset, "/" between the parts of its key; default: the session's only asset. */
  readonly assetKey?: string | undefined
  /** Figures, samples and links; default none. */
  readonly metadata?: PipesMetadata | undefined
  /** Version of the data; by default Dagster generates one. */
  readonly dataVersion?: string | undefined
}

/** The result of a check. */
export interface PipesCheckResult {
  /** Name of the check, as the Python side declares it. */
  readonly checkName: string
  readonly passed: boolean
  /** How bad it is when it did not pass; default `ERROR`. */
  readonly severity?: CheckSeverity | undefined
  /** Figures, samples and links; default none. */
  readonly metadata?: PipesMetadata | undefined
  /** The asset that was checked, "/" between the parts of its key; default: the session's only asset. */
  readonly assetKey?: string | undefined
}

/** How the session was opened. */
export interface SessionParts {
  /** Undefined when Dagster did not start this process. */
  readonly data: PipesContextData | undefined
  readonly sender: MessageSender
  /** Called once: before `closed` is sent, and after it. */
  readonly ending: () => void
  readonly ended: () => Promise<void>
}

/** A Pipes session: what Dagster asked for, and how to report back. Secrets are redacted in everything that it sends. */
export class PipesSession {
  /** False when Dagster did not start this process: the context is empty, and what is reported goes nowhere. */
  readonly isActive: boolean
  /** Dagster's data about the step. */
  readonly context: PipesContext
  /** Log lines for the run's log in Dagster. */
  readonly log: StepLog
  readonly #sender: MessageSender
  readonly #parts: SessionParts
  readonly #materialized = new Set<string>()
  #closing: Promise<void> | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#sender = parts.sender
    this.isActive = parts.data !== undefined
    this.context = new PipesContext(parts.data)
    this.log = parts.sender.log
  }

  /** Whether the session is over. */
  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /**
   * Reports that an asset was materialized.
   * @throws DAGMA_PIPES_ASSET_KEY when the asset is none of the session's, or ambiguous; DAGMA_PIPES_REPORT_INVALID when it was
   * reported before; DAGMA_METADATA_INVALID
   */
  reportAssetMaterialization(report: PipesMaterialization = {}): void {
    const method = 'reportAssetMaterialization'
    const { dataVersion, metadata = {} } = report
    const assetKey = this.#assetKey(method, report.assetKey)
    if (dataVersion !== undefined && typeof dataVersion !== 'string') throw invalid(method, 'needs a text as dataVersion')
    if (this.#materialized.has(assetKey)) throw invalid(method, `was called for the asset "${assetKey}" before`)
    const version = dataVersion === undefined ? undefined : gateText(dataVersion)
    this.#sender.reportGatedMaterialization(assetKey, gateWireMetadata(pipesMetadata(metadata)), version)
    if (this.isActive) this.#materialized.add(assetKey)
  }

  /**
   * Reports what a check found.
   * @throws DAGMA_PIPES_ASSET_KEY, DAGMA_PIPES_REPORT_INVALID, DAGMA_METADATA_INVALID
   */
  reportAssetCheck(report: PipesCheckResult): void {
    const method = 'reportAssetCheck'
    const { checkName: name, passed, severity = 'ERROR', metadata = {} } = report
    const assetKey = this.#assetKey(method, report.assetKey)
    if (typeof name !== 'string' || name === '') throw invalid(method, 'needs the name of the check as checkName')
    if (holdsSecret(name)) throw invalid(method, 'has a known secret in checkName, which is stored as it is')
    if (typeof passed !== 'boolean') throw invalid(method, 'needs true or false as passed')
    if (severity !== 'ERROR' && severity !== 'WARN') throw invalid(method, 'needs ERROR or WARN as severity')
    this.#sender.reportGatedCheck(assetKey, { name, passed, severity, metadata: gateWireMetadata(pipesMetadata(metadata)) })
  }

  /** Sends JSON data that the Python side reads with `get_custom_messages()`. @throws DAGMA_PIPES_REPORT_INVALID when it is not JSON data. */
  reportCustomMessage(payload: unknown): void {
    const method = 'reportCustomMessage'
    if (payload === undefined) throw invalid(method, 'needs JSON data, not undefined')
    this.#sender.reportCustomMessage(plainJson(payload, (reason) => invalid(method, `got data that ${reason}`), { unsafe: true }))
  }

  /** Sends text to the stdout or stderr of Dagster's own process, where it joins the run's compute logs. */
  logExternalStream(stream: 'stdout' | 'stderr', text: string): void {
    this.#sender.logExternalStream(stream, text)
  }

  /**
   * Ends the session, well or with the error that stopped it, and waits until all messages have arrived. A second call only waits.
   * @throws DAGMA_PIPES_DELIVERY_FAILED when messages could not be delivered.
   */
  close(error?: unknown): Promise<void> {
    this.#closing ??= this.#close(error)
    return this.#closing
  }

  /** As {@link PipesSession.close}, for `await using`. It does not know of an error: prefer `runPipes()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(error: unknown): Promise<void> {
    this.#parts.ending()
    this.#sender.close(error)
    await this.#parts.ended()
  }

  /** As Dagster's own Pipes has it: one of the session's assets, which must be named where there are several. */
  #assetKey(method: string, assetKey: string | undefined): string {
    if (!this.isActive) return ''
    const keys = this.context.data.asset_keys ?? []
    if (assetKey === undefined) {
      const [only] = keys
      if (only !== undefined && keys.length === 1) return only
      const reason = `was called without an asset key, but the session has ${keys.length === 0 ? 'no asset' : `${keys.length} assets`}`
      throw dagmaError('DAGMA_PIPES_ASSET_KEY', { method, reason })
    }
    if (typeof assetKey === 'string' && assetKey !== '' && (keys.length === 0 || keys.includes(assetKey))) return assetKey
    const assets = keys.length === 0 ? 'it has none of its own' : `those are: ${keys.join(', ')}`
    throw dagmaError('DAGMA_PIPES_ASSET_KEY', {
      method,
      reason: `was called for "${assetKey}", which is not an asset of this session (${assets})`,
    })
  }
}

function invalid(method: string, reason: string): Error {
  return dagmaError('DAGMA_PIPES_REPORT_INVALID', { method, reason })
}
