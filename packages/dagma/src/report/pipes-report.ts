import { withDescription } from '../dagster/check-description.ts'
import type { PipesSession } from '../dagster/pipes/session.ts'
import type { Materialization, RunEvent } from '../engine/events.ts'
import type { MaterializeRun } from '../engine/run-options.ts'
import type { WireError } from '../runtime/gate/exit-gate.ts'
import { type CheckEvent, sumOfCheck } from './check-sum.ts'

/** The events of a step: a materialization, or the results of a check for each of its partitions. */
type Given = Materialization | readonly [CheckEvent, ...CheckEvent[]]

/**
 * Reports a run of the embedded engine to a Pipes session. Dagster takes each asset once in a session, but a step that is retried may give a part of a
 * multi-asset again: what a step gave is reported when it has ended, of each asset and each check the last; of a check of several partitions, the sum.
 */
export class PipesReport {
  readonly #session: PipesSession
  /** Events that are not reported yet, by step, then by asset and check. */
  readonly #given = new Map<string, Map<string, Given>>()

  constructor(session: PipesSession) {
    this.#session = session
  }

  /** Takes the run's next event. */
  onEvent(event: RunEvent): void {
    const { log } = this.#session
    switch (event.type) {
      case 'ASSET_MATERIALIZATION':
      case 'ASSET_CHECK_EVALUATION':
        return this.#keep(event)
      case 'LOG':
        return log[event.level](event.message)
      case 'ITEMS_PROGRESS':
        return log.info(`Step ${event.step}: ${event.done} of ${event.all} items${event.failed === 0 ? '' : `, ${event.failed} failed`}.`)
      case 'STEP_UP_FOR_RETRY':
        return log.warning(`${event.error.message} Retrying in ${event.delaySeconds} s.`)
      case 'STEP_SKIPPED':
        return log.warning(`Step ${event.step} is skipped because ${event.because} did not succeed.`)
      case 'STEP_SUCCESS':
        return this.#stepEnded(event.step)
      case 'STEP_FAILURE':
        this.#stepEnded(event.step)
        return log.error(event.error.message)
    }
  }

  /** Reports what steps gave that did not come to their end. */
  end(): void {
    for (const step of [...this.#given.keys()]) this.#stepEnded(step)
  }

  #keep(event: Materialization | CheckEvent): void {
    const ofStep = this.#given.get(event.step) ?? new Map<string, Given>()
    this.#given.set(event.step, ofStep)
    const subject = JSON.stringify([event.asset, event.type === 'ASSET_CHECK_EVALUATION' ? event.check : null])
    const before = ofStep.get(subject)
    // Deleted first, so that the order is that of the last ones.
    ofStep.delete(subject)
    if (event.type !== 'ASSET_CHECK_EVALUATION') ofStep.set(subject, event)
    else ofStep.set(subject, before !== undefined && isChecks(before) ? [...before, event] : [event])
  }

  #stepEnded(step: string): void {
    const given = this.#given.get(step)
    this.#given.delete(step)
    for (const one of given?.values() ?? []) this.#report(isChecks(one) ? sumOfCheck(one) : one)
  }

  /** Assets that are not the Dagster step's own are only logged: Pipes takes no others. */
  #report(event: Materialization | CheckEvent): void {
    const { context, log } = this.#session
    const isOwn = !context.isAssetStep || context.assetKeys.includes(event.asset)
    const { asset: assetKey, metadata } = event
    if (event.type === 'ASSET_CHECK_EVALUATION') {
      const { check: checkName, passed, severity, description } = event
      if (!isOwn) return log.info(`Check ${checkName} of ${assetKey} ${passed ? 'passed' : 'failed'}; it is not an asset of this step.`)
      return this.#session.reportAssetCheck({ assetKey, checkName, passed, severity, metadata: withDescription(metadata, description) })
    }
    const { dataVersion } = event
    if (!isOwn) return log.info(`Made ${assetKey}, which is not an asset of this step.`)
    this.#session.reportAssetMaterialization({ assetKey, metadata, ...(dataVersion !== null && { dataVersion }) })
  }
}

function isChecks(given: Given): given is readonly [CheckEvent, ...CheckEvent[]] {
  return Array.isArray(given)
}

/** The error of the first step that failed, as an error again. */
export function failureOf({ runId, status, events }: MaterializeRun): Error {
  const failed = events.find((event) => event.type === 'STEP_FAILURE')
  return failed === undefined ? new Error(`Run ${runId} ended as ${status}.`) : errorOf(failed.error)
}

function errorOf({ name, message, stack, cause }: WireError): Error {
  const error = new Error(message, cause === null ? undefined : { cause: errorOf(cause) })
  return Object.assign(error, { name, stack: `${name}: ${message}\n${stack.join('')}` })
}
