import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Asset } from '../definitions/asset.ts'
import { type AssetKey, keyText } from '../definitions/asset-key.ts'
import type { IOManager } from '../definitions/io-manager.ts'
import { MaterializeResult } from '../definitions/materialize-result.ts'
import type { LogLevel, StepLog } from '../definitions/step-log.ts'
import { dagmaError } from '../errors.ts'
import { normalize, type WireMetadata } from '../metadata/normalize.ts'
import { gateError, gateMetadata, gateText, type WireError } from './exit-gate.ts'
import type { RunResources } from './run-resources.ts'

/** What a host gives to a step. */
export interface StepHost {
  readonly runId: string
  /** 0 for the first attempt. */
  readonly retryNumber: number
  /** Config as entered; undefined when none was. */
  readonly config: unknown
  readonly resources: RunResources
  readonly ioManager: IOManager
  readonly signal: AbortSignal
  /** Takes what the step tells, in order; it has passed the exit gate. */
  readonly report: (report: StepReport) => void
}

/** What a step tells its host. */
export type StepReport =
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string }
  | { readonly type: 'materialization'; readonly assetKey: AssetKey; readonly metadata: WireMetadata }

/** How a step ended. */
export type StepOutcome =
  | { readonly status: 'success' }
  | { readonly status: 'failure'; readonly error: WireError }
  | { readonly status: 'canceled'; readonly error: WireError }

/** Runs one attempt of an asset's step: inputs, config, resources, the user's function, its value stored, its materialization reported. Never throws. */
export async function runStep(asset: Asset, host: StepHost): Promise<StepOutcome> {
  let over = false
  // What the user's code left running may still log: its step is over, and its host may be gone.
  const report = (told: StepReport): void => (over ? undefined : host.report(told))
  try {
    await attempt(asset, { ...host, report })
    return { status: 'success' }
  } catch (error) {
    if (host.signal.aborted)
      return { status: 'canceled', error: gateError(dagmaError('DAGMA_CANCELED', { what: `The step of asset "${keyText(asset.key)}"` })) }
    return { status: 'failure', error: gateError(error) }
  } finally {
    over = true
  }
}

async function attempt(asset: Asset, host: StepHost): Promise<void> {
  const { runId, retryNumber, signal, ioManager } = host
  signal.throwIfAborted()
  const config = await validatedConfig(asset, host.config)
  const [inputs, resources] = await Promise.all([loadInputs(asset, host), host.resources.clients(Object.keys(asset.resources))])
  const log = stepLog(host)
  const began = performance.now()
  const returned = await callUser(asset, () =>
    asset.run({ assetKey: asset.key, runId, retryNumber, inputs, resources, config, log, signal }),
  )
  const latencyMs = performance.now() - began
  signal.throwIfAborted()
  const { value, metadata } = returned instanceof MaterializeResult ? returned : new MaterializeResult<unknown>(returned, {})
  const told = normalize(metadata) // before the value is stored: a step that fails must not change it
  const { sizeBytes } = await ioManager.handleOutput({ assetKey: asset.key, runId }, value)
  host.report({ type: 'materialization', assetKey: asset.key, metadata: gateMetadata(told, { latencyMs, sizeBytes }) })
}

async function loadInputs(asset: Asset, host: StepHost): Promise<Record<string, unknown>> {
  const load = async ([name, input]: [string, Asset]) =>
    [name, await host.ioManager.loadInput({ assetKey: input.key, runId: host.runId, downstream: asset.key })] as const
  return Object.fromEntries(await Promise.all(Object.entries(asset.inputs).map(load)))
}

/** The config that the asset's function gets, defaults filled in. @throws DAGMA_CONFIG_INVALID with every field that is wrong. */
export async function validatedConfig(asset: Pick<Asset, 'key' | 'config'>, entered: unknown): Promise<unknown> {
  if (asset.config === undefined) return undefined
  const result = await asset.config['~standard'].validate(entered ?? {})
  if (result.issues === undefined) return result.value
  throw dagmaError('DAGMA_CONFIG_INVALID', { asset: keyText(asset.key), issues: result.issues.map(issueText) })
}

function issueText(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  return path === '' ? issue.message : `${path}: ${issue.message}`
}

/** The one boundary to the user's code: what it throws is marked as the user's. */
async function callUser(asset: Asset, call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    throw dagmaError(
      'DAGMA_STEP_FAILED',
      { asset: keyText(asset.key), reason: error instanceof Error ? error.message : 'it threw a value that is no Error' },
      error,
    )
  }
}

function stepLog(host: StepHost): StepLog {
  const at = (level: LogLevel) => (message: string) => host.report({ type: 'log', level, message: gateText(message) })
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error'), critical: at('critical') }
}
