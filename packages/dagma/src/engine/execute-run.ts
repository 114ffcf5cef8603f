import { stepLabel } from '../definitions/assets/step-label.ts'
import type { StepLog } from '../definitions/assets/step-log.ts'
import type { EndStatus, RunObserver } from '../definitions/instrument.ts'
import { dagmaError } from '../errors.ts'
import { gateValue } from '../runtime/gate/exit-gate.ts'
import { gatedLog } from '../runtime/gate/gated-log.ts'
import { shortSecretWarnings } from '../runtime/gate/known-secrets.ts'
import { RunSpending } from '../runtime/spending/enforce-budgets.ts'
import { endObserved, observeRun } from '../runtime/step/instrumentation.ts'
import { watchProcessEnd } from '../runtime/step/process-end.ts'
import { RunResources } from '../runtime/step/run-resources.ts'
import type { RunStatus } from './events.ts'
import type { PlannedStep } from './plan.ts'
import { Recorder } from './recorder.ts'
import type { ExecuteOptions } from './run-scope.ts'
import { runStepToEnd } from './run-step.ts'

/** How a run ended. */
export interface RunResult {
  readonly runId: string
  readonly status: Exclude<RunStatus, 'STARTED'>
}

/**
 * Executes planned steps: each as soon as those before it succeeded, several concurrently. A failed step skips what comes after it, never others.
 * @throws DAGMA_OPTION_INVALID, DAGMA_EVENT_LOG_UNWRITABLE
 */
export async function executeRun(options: ExecuteOptions): Promise<RunResult> {
  const { eventLog, definitions, projectFolder, clock, signal, steps, concurrency } = options
  if (!(concurrency >= 1))
    throw dagmaError('DAGMA_OPTION_INVALID', { option: 'concurrency', reason: `must be at least 1, not ${concurrency}` })
  const { runId } = options.start
  const recorder = new Recorder({ eventLog, runId, clock, onEvent: options.onEvent })
  await recorder.startRun({ ...options.start, config: gateValue(options.start.config) })
  const labels = new Map(steps.map(({ step }) => [step.name, stepLabel(step)]))
  const endWatch = watchProcessEnd({
    runningSteps: () => recorder.openSteps().map((name) => labels.get(name) ?? name),
    isStopping: () => signal.aborted,
    onEnd: (error) => recorder.endWithProcess(signal.aborted ? 'CANCELED' : 'FAILURE', error),
  })
  const spending = new RunSpending({ definitions, projectFolder, runId, jobName: options.start.jobName, now: clock.now })
  const storage = options.values.ofResources(runId, signal)
  const resources = new RunResources(definitions.resources, { runId, projectFolder, log: logOf(recorder, 'resources'), signal, storage })
  for (const warning of shortSecretWarnings()) logOf(recorder, 'secrets').warning(warning)
  const observer = await startObserver(options, recorder)
  const run = new StepScheduler(steps, {
    concurrency,
    signal,
    recorder,
    runStep: (step) => runStepToEnd(step, { ...options, recorder, resources, spending, observer, log: logOf(recorder, step.step.name) }),
  })
  let status: RunResult['status']
  const alive = setInterval(() => {}, 2 ** 30) // a step may wait for what keeps no process alive
  try {
    await run.toEnd().finally(() =>
      endObserved(
        observer,
        () => resources.close(),
        () => endOf(run, signal),
      ),
    )
    status = ({ success: 'SUCCESS', failure: 'FAILURE', canceled: 'CANCELED' } as const)[endOf(run, signal)]
    await recorder.endRun(status, `Steps failed: ${run.failed.join(', ')}.`)
  } catch (error) {
    recorder.abortRun()
    throw error
  } finally {
    clearInterval(alive)
    endWatch()
    await spending.close()
  }
  recorder.throwIfListenerFailed()
  return { runId, status }
}

async function startObserver({ definitions, start, projectFolder }: ExecuteOptions, recorder: Recorder): Promise<RunObserver | undefined> {
  if (definitions.instrument === undefined) return undefined
  const { runId, jobName, partitionKey } = start
  const run = {
    host: 'embedded',
    runId,
    jobName,
    partitionKey: partitionKey ?? undefined,
    part: 'all',
    startedAt: undefined,
    dagsterUrl: undefined,
  } as const
  return observeRun(definitions, run, { projectFolder, log: logOf(recorder, 'instrument') })
}

function endOf(run: StepScheduler, signal: AbortSignal): EndStatus {
  return signal.aborted ? 'canceled' : run.failed.length > 0 || run.isAborted ? 'failure' : 'success'
}

function logOf(recorder: Recorder, step: string): StepLog {
  return gatedLog((level, message) => recorder.note({ type: 'LOG', step, level, message }))
}

interface SchedulerOptions {
  /** Maximum number of concurrent steps. */
  readonly concurrency: number
  readonly signal: AbortSignal
  readonly recorder: Recorder
  /** Resolves to whether the step succeeded. */
  readonly runStep: (step: PlannedStep) => Promise<boolean>
}

/**
 * Starts the steps of a run as they become ready: waiting → running → succeeded or failed, or waiting → skipped. `waiting` holds for each
 * waiting step how many steps it still waits for.
 */
class StepScheduler {
  /** Labels of the steps that failed. */
  readonly failed: string[] = []
  readonly #waiting = new Map<string, number>()
  readonly #dependents = new Map<string, PlannedStep[]>()
  readonly #ready: PlannedStep[] = []
  readonly #maxConcurrency: number
  readonly #signal: AbortSignal
  readonly #recorder: Recorder
  readonly #runStep: (step: PlannedStep) => Promise<boolean>
  #next = 0
  #running = 0
  /** The error that aborted the run itself, such as a full disk: no further step starts. */
  #aborted: { readonly error: unknown } | undefined
  #ended = Promise.withResolvers<void>()

  constructor(steps: readonly PlannedStep[], { concurrency, signal, recorder, runStep }: SchedulerOptions) {
    this.#maxConcurrency = concurrency
    this.#signal = signal
    this.#recorder = recorder
    this.#runStep = runStep
    for (const planned of steps) {
      for (const before of planned.after) {
        const dependents = this.#dependents.get(before)
        if (dependents === undefined) this.#dependents.set(before, [planned])
        else dependents.push(planned)
      }
      if (planned.after.length === 0) this.#ready.push(planned)
      else this.#waiting.set(planned.step.name, planned.after.length)
    }
  }

  get isAborted(): boolean {
    return this.#aborted !== undefined
  }

  toEnd(): Promise<void> {
    this.#startReadySteps()
    return this.#ended.promise
  }

  #startReadySteps(): void {
    while (this.#canStart()) {
      const planned = this.#ready[this.#next++] as PlannedStep
      this.#running++
      this.#runStep(planned)
        .then((succeeded) => (succeeded ? this.#release(planned) : this.#skipDependents(planned)))
        .catch((error) => {
          this.#aborted ??= { error }
        })
        .finally(() => {
          this.#running--
          this.#startReadySteps()
        })
    }
    if (this.#running > 0) return
    if (this.#aborted === undefined) this.#ended.resolve()
    else this.#ended.reject(this.#aborted.error)
  }

  #canStart(): boolean {
    return this.#running < this.#maxConcurrency && this.#next < this.#ready.length && !this.#signal.aborted && this.#aborted === undefined
  }

  #release(planned: PlannedStep): void {
    for (const dependent of this.#dependents.get(planned.step.name) ?? []) {
      const waitingFor = this.#waiting.get(dependent.step.name)
      if (waitingFor === undefined) continue // skipped already
      if (waitingFor > 1) this.#waiting.set(dependent.step.name, waitingFor - 1)
      else {
        this.#waiting.delete(dependent.step.name)
        this.#ready.push(dependent)
      }
    }
  }

  /** Skips everything that depends on a step that failed. A loop, since a chain may have more steps than the call stack has room for. */
  #skipDependents(failed: PlannedStep): void {
    this.failed.push(stepLabel(failed.step))
    const causes = [failed]
    for (const because of causes) {
      for (const dependent of this.#dependents.get(because.step.name) ?? []) {
        if (!this.#waiting.delete(dependent.step.name)) continue
        this.#recorder.note({ type: 'STEP_SKIPPED', step: dependent.step.name, because: because.step.name })
        causes.push(dependent)
      }
    }
  }
}
