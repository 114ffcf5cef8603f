import type { StepLog } from '../definitions/assets/step-log.ts'
import type { Definitions, ResolvedJob } from '../definitions/definitions.ts'
import type { EndStatus, RunWatch } from '../definitions/instrument.ts'
import { dagmaError } from '../errors.ts'
import type { Clock } from '../runtime/clock.ts'
import { gateText, gateValue } from '../runtime/gate/exit-gate.ts'
import { RunResources } from '../runtime/step/run-resources.ts'
import { endWatched, watchRun } from '../runtime/step/watched.ts'
import type { Values } from '../runtime/values/values.ts'
import type { EventLog } from './event-log.ts'
import type { RunEvent, RunStart, RunStatus } from './events.ts'
import type { PlannedStep } from './plan.ts'
import { Recorder } from './recorder.ts'
import { runStepToEnd } from './run-step.ts'

/** How a run is executed. */
export interface ExecuteOptions {
  readonly definitions: Definitions
  readonly start: RunStart
  readonly job: ResolvedJob | undefined
  readonly steps: readonly PlannedStep[]
  readonly eventLog: EventLog
  readonly values: Values
  /** Folder of the project, absolute. */
  readonly projectFolder: string
  readonly clock: Clock
  /** Steps that run at once. */
  readonly concurrency: number
  /** Cancels the run when aborted. */
  readonly signal: AbortSignal
  /** Called with each event after it was recorded. What it throws does not touch the run, and is thrown when the run is over. */
  readonly onEvent: ((event: RunEvent) => void) | undefined
}

/** How a run ended. */
export interface RunResult {
  readonly runId: string
  readonly status: Exclude<RunStatus, 'STARTED'>
}

/**
 * Executes planned steps: each as soon as those before it succeeded, several at once. A failed step skips what comes after it, never others.
 * @throws DAGMA_OPTION_INVALID, DAGMA_EVENT_LOG_UNWRITABLE
 */
export async function executeRun(options: ExecuteOptions): Promise<RunResult> {
  const { eventLog, definitions, projectFolder, signal, steps, concurrency } = options
  if (!(concurrency >= 1))
    throw dagmaError('DAGMA_OPTION_INVALID', { option: 'concurrency', reason: `must be at least 1, not ${concurrency}` })
  const { runId } = options.start
  const recorder = new Recorder(eventLog, runId, options.onEvent)
  recorder.tell(eventLog.startRun(gateValue(options.start)))
  const resources = new RunResources(definitions.resources, { runId, projectFolder, log: logOf(recorder, 'resources'), signal })
  const watch = await startWatch(options, recorder)
  const run = new RunningSteps(steps, concurrency, signal, recorder, (step) =>
    runStepToEnd(step, { ...options, recorder, resources, watch, log: logOf(recorder, step.step.name) }),
  )
  let status: RunResult['status']
  const alive = setInterval(() => {}, 2 ** 30) // a step may wait for what keeps no process alive
  try {
    await run.toEnd().finally(() =>
      endWatched(
        watch,
        () => resources.close(),
        () => endOf(run, signal),
      ),
    )
    recorder.flush()
    status = ({ success: 'SUCCESS', failure: 'FAILURE', canceled: 'CANCELED' } as const)[endOf(run, signal)]
    recorder.tell(eventLog.endRun(runId, status, `Steps failed: ${run.failed.join(', ')}.`))
  } catch (error) {
    recorder.tell(eventLog.breakOff(runId))
    throw error
  } finally {
    clearInterval(alive)
  }
  recorder.throwIfListenerFailed()
  return { runId, status }
}

async function startWatch({ definitions, start, projectFolder }: ExecuteOptions, recorder: Recorder): Promise<RunWatch | undefined> {
  if (definitions.instrument === undefined) return undefined
  const { runId, jobName, partitionKey } = start
  const run = { host: 'embedded', runId, jobName, partitionKey: partitionKey ?? undefined } as const
  return watchRun(definitions, run, { projectFolder, log: logOf(recorder, 'instrument') })
}

function endOf(run: RunningSteps, signal: AbortSignal): EndStatus {
  return signal.aborted ? 'canceled' : run.failed.length > 0 || run.isBroken ? 'failure' : 'success'
}

function logOf(recorder: Recorder, step: string): StepLog {
  const at = (level: keyof StepLog) => (message: string) => recorder.note({ type: 'LOG', step, level, message: gateText(message) })
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error'), critical: at('critical') }
}

/**
 * The steps of a run on their way: waiting → running → succeeded or failed, or waiting → skipped. `waiting` holds for each waiting step how
 * many steps it still waits for.
 */
class RunningSteps {
  readonly failed: string[] = []
  readonly #waiting = new Map<string, number>()
  readonly #followers = new Map<string, PlannedStep[]>()
  readonly #ready: PlannedStep[] = []
  readonly #atOnce: number
  readonly #signal: AbortSignal
  readonly #recorder: Recorder
  readonly #runStep: (step: PlannedStep) => Promise<boolean>
  #next = 0
  #running = 0
  /** What broke the run itself, such as a full disk: nothing more is started. */
  #broken: { readonly error: unknown } | undefined
  #ended = Promise.withResolvers<void>()

  constructor(
    steps: readonly PlannedStep[],
    atOnce: number,
    signal: AbortSignal,
    recorder: Recorder,
    runStep: (step: PlannedStep) => Promise<boolean>,
  ) {
    this.#atOnce = atOnce
    this.#signal = signal
    this.#recorder = recorder
    this.#runStep = runStep
    for (const planned of steps) {
      for (const before of planned.after) {
        const followers = this.#followers.get(before)
        if (followers === undefined) this.#followers.set(before, [planned])
        else followers.push(planned)
      }
      if (planned.after.length === 0) this.#ready.push(planned)
      else this.#waiting.set(planned.step.name, planned.after.length)
    }
  }

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  toEnd(): Promise<void> {
    this.#pump()
    return this.#ended.promise
  }

  /** Starts ready steps while there is room for them. */
  #pump(): void {
    while (this.#running < this.#atOnce && this.#next < this.#ready.length && !this.#signal.aborted && this.#broken === undefined) {
      const planned = this.#ready[this.#next++] as PlannedStep
      this.#running++
      this.#runStep(planned)
        .then((succeeded) => (succeeded ? this.#release(planned) : this.#skipAfter(planned)))
        .catch((error) => {
          this.#broken ??= { error }
        })
        .finally(() => {
          this.#running--
          this.#pump()
        })
    }
    if (this.#running > 0) return
    if (this.#broken === undefined) this.#ended.resolve()
    else this.#ended.reject(this.#broken.error)
  }

  #release(planned: PlannedStep): void {
    for (const follower of this.#followers.get(planned.step.name) ?? []) {
      const waitingFor = this.#waiting.get(follower.step.name)
      if (waitingFor === undefined) continue // skipped already
      if (waitingFor > 1) this.#waiting.set(follower.step.name, waitingFor - 1)
      else {
        this.#waiting.delete(follower.step.name)
        this.#ready.push(follower)
      }
    }
  }

  #skipAfter(planned: PlannedStep): void {
    this.failed.push(planned.step.name)
    const skip = (because: PlannedStep): void => {
      for (const follower of this.#followers.get(because.step.name) ?? []) {
        if (!this.#waiting.delete(follower.step.name)) continue
        this.#recorder.note({ type: 'STEP_SKIPPED', step: follower.step.name, because: because.step.name })
        skip(follower)
      }
    }
    skip(planned)
  }
}
