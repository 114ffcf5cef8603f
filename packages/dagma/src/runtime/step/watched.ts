/** Runs and steps, told to the project's instrument when it has one. An instrument that fails is left alone from then on, with one warning. */

import type { Step } from '../../definitions/assets/step.ts'
import type { EndStatus, InstrumentContext, RunWatch, StepWatch, WatchedRun } from '../../definitions/instrument.ts'
import type { Definitions } from '../../definitions/model.ts'
import { type CallWatch, type CallWatcher, watchCalls } from '../../metadata/outgoing-calls.ts'
import { gateError, gateValue } from '../gate/exit-gate.ts'

/** The watch over a run; undefined when the project has no instrument, or when that has nothing to do. Never throws. */
export async function watchRun(
  { instrument, jobs }: Definitions,
  run: Omit<WatchedRun, 'jobName'> & { readonly jobName: string | null },
  context: InstrumentContext,
): Promise<RunWatch | undefined> {
  if (instrument === undefined) return undefined
  // Dagster gives runs of selected assets a job of its own.
  const jobName = run.jobName !== null && jobs.has(run.jobName) ? run.jobName : undefined
  const safely = guard(context)
  const watch = await safely(() => instrument.startRun(gateValue({ ...run, jobName }), context))
  if (watch === undefined) return undefined
  return {
    startCall: guardedCalls(watch, safely),
    startStep: (step) =>
      guardedStep(
        safely(() => watch.startStep(gateValue(step))),
        safely,
      ),
    end: async (status) => safely(() => watch.end(status)),
  }
}

/** Does the work of one attempt under the watch of the run's; `end` says how it ended. */
export async function watchStep<T>(
  watch: RunWatch | undefined,
  step: Step,
  retryNumber: number,
  work: (watch: StepWatch | undefined) => Promise<T>,
): Promise<T> {
  if (watch === undefined) return work(undefined)
  const assetKeys = step.assets.length > 0 ? step.assets.map(({ key }) => key) : step.checks.map(({ asset }) => asset)
  const group = step.assets[0]?.group ?? 'default'
  const stepWatch = watch.startStep({ name: step.name, kind: step.kind, assetKeys, group, retryNumber })
  return watchCalls(stepWatch, () => stepWatch.within(() => work(stepWatch)))
}

/** Does the last work of a run, such as closing its resources, and tells the watch how the run ended. */
export async function endWatched(watch: RunWatch | undefined, work: () => Promise<void>, status: () => EndStatus): Promise<void> {
  if (watch === undefined) return work()
  await watchCalls(watch, work).finally(() => watch.end(status()))
}

type Safely = <T>(work: () => T) => T | undefined

/** Calls the instrument: undefined when it fails. */
function guard({ log }: InstrumentContext): Safely {
  let failed = false
  const fail = (error: unknown): undefined => {
    if (!failed) log.warning(`The instrument failed, the run goes on without it: ${gateError(error).message}`)
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

function guardedCalls(watcher: CallWatcher | undefined, safely: Safely): CallWatcher['startCall'] {
  return (call) => {
    const watch: CallWatch | undefined = safely(() => watcher?.startCall(call))
    return { headers: safely(() => watch?.headers) ?? {}, end: (end) => safely(() => watch?.end(end)) }
  }
}

function guardedStep(watch: StepWatch | undefined, safely: Safely): StepWatch {
  return {
    startCall: guardedCalls(watch, safely),
    traceUrl: safely(() => watch?.traceUrl),
    within: (work) => doneOnce(work, (once) => safely(() => watch?.within(once))),
    reported: (report) => safely(() => watch?.reported(report)),
    end: (end) => safely(() => watch?.end(end)),
  }
}

/** What `work` gives. It is done once, within `surroundings` if those do it, whatever they give or throw themselves. */
function doneOnce<T>(work: () => T, surroundings: (once: () => T) => void): T {
  let done: { readonly result: T } | undefined
  const once = (): T => {
    done ??= { result: work() }
    return done.result
  }
  surroundings(once)
  return once()
}
