/** Notifies the project's instrument, if any, of runs and steps. An instrument that fails is disabled from then on, with one warning. */

import type { Step } from '../../definitions/assets/step.ts'
import type { EndStatus, InstrumentContext, ObservedRun, RunObserver, StepObserver } from '../../definitions/instrument.ts'
import type { Definitions } from '../../definitions/model.ts'
import { type CallObserver, type CallTracker, type OperationObserver, trackCalls } from '../../metadata/outgoing-calls.ts'
import { gateError, gateValue } from '../gate/exit-gate.ts'

/** The observer of a run; undefined when the project has no instrument, or when that has nothing to do. Never throws. */
export async function observeRun(
  { instrument, jobs }: Definitions,
  run: Omit<ObservedRun, 'jobName'> & { readonly jobName: string | null },
  context: InstrumentContext,
): Promise<RunObserver | undefined> {
  if (instrument === undefined) return undefined
  // Dagster gives runs of selected assets its own job.
  const jobName = run.jobName !== null && jobs.has(run.jobName) ? run.jobName : undefined
  const safely = guard(context)
  const observer = await safely(() => instrument.startRun(gateValue({ ...run, jobName }), context))
  if (observer === undefined) return undefined
  return {
    ...guardedTracker(observer, safely),
    startStep: (step) =>
      guardedStep(
        safely(() => observer.startStep(gateValue(step))),
        safely,
      ),
    end: async (status) => safely(() => observer.end(status)),
  }
}

/** Runs one attempt of a step, notifying the run's observer. */
export async function observeStep<T>(
  observer: RunObserver | undefined,
  step: Step,
  retryNumber: number,
  work: (observer: StepObserver | undefined) => Promise<T>,
): Promise<T> {
  if (observer === undefined) return work(undefined)
  const assetKeys = step.assets.length > 0 ? step.assets.map(({ key }) => key) : step.checks.map(({ asset }) => asset)
  const { group, owners } = step.assets[0] ?? { group: 'default', owners: [] }
  const stepObserver = observer.startStep({ name: step.name, kind: step.kind, assetKeys, group, owners, retryNumber })
  return trackCalls(stepObserver, () => stepObserver.within(() => work(stepObserver)))
}

/** Does the last work of a run, such as closing its resources, and notifies the observer of how the run ended. */
export async function endObserved(observer: RunObserver | undefined, work: () => Promise<void>, status: () => EndStatus): Promise<void> {
  if (observer === undefined) return work()
  await trackCalls(observer, work).finally(() => observer.end(status()))
}

type Safely = <T>(work: () => T) => T | undefined

/** Calls the instrument: undefined when it fails. */
function guard({ log }: InstrumentContext): Safely {
  let failed = false
  const fail = (error: unknown): undefined => {
    if (!failed) log.warning(`The instrument failed and is disabled for this run: ${gateError(error).message}`)
    failed = true
  }
  return <T>(work: () => T): T | undefined => {
    if (failed) return undefined
    try {
      const result = work()
      return isThenable(result) ? (Promise.resolve(result).catch(fail) as T) : result
    } catch (error) {
      return fail(error)
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function guardedTracker(tracker: CallTracker | undefined, safely: Safely): Required<CallTracker> {
  return {
    startCall: (call) => {
      const observer: CallObserver | undefined = safely(() => tracker?.startCall(call))
      return { headers: safely(() => observer?.headers) ?? {}, end: (end) => safely(() => observer?.end(end)) }
    },
    startOperation: (operation) => {
      const observer: OperationObserver | undefined = safely(() => tracker?.startOperation?.(operation))
      // Calls in an operation that is not followed belong to the step.
      return {
        ...guardedTracker(observer ?? tracker, safely),
        content: safely(() => observer?.content),
        end: (end) => safely(() => observer?.end(end)),
      }
    },
  }
}

function guardedStep(observer: StepObserver | undefined, safely: Safely): StepObserver {
  return {
    ...guardedTracker(observer, safely),
    traceUrls: safely(() => observer?.traceUrls) ?? {},
    within: (work) => doneOnce(work, (once) => safely(() => observer?.within(once))),
    reported: (report) => safely(() => observer?.reported(report)),
    modelCalled: (use) => safely(() => observer?.modelCalled?.(gateValue(use))),
    end: (end) => safely(() => observer?.end(end)),
  }
}

/** Returns the result of `work`, which is called once, within `surroundings` if they call it, whatever they return or throw. */
function doneOnce<T>(work: () => T, surroundings: (once: () => T) => void): T {
  let done: { readonly result: T } | undefined
  const once = (): T => {
    done ??= { result: work() }
    return done.result
  }
  surroundings(once)
  return once()
}
