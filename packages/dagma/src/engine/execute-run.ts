import { randomUUID } from 'node:crypto'
import type { Definitions } from '../definitions/definitions.ts'
import type { IOManager } from '../definitions/io-manager.ts'
import type { StepLog } from '../definitions/step-log.ts'
import { dagmaError } from '../errors.ts'
import { gateText } from '../runtime/exit-gate.ts'
import { RunResources } from '../runtime/run-resources.ts'
import { runStep, type StepReport } from '../runtime/step-runner.ts'
import type { EventLog } from './event-log.ts'
import type { EventBody, RunEvent, RunStatus } from './events.ts'
import type { PlannedStep } from './plan.ts'

/** How a run is executed. */
export interface ExecuteOptions {
  readonly definitions: Definitions
  readonly steps: readonly PlannedStep[]
  readonly eventLog: EventLog
  readonly ioManager: IOManager
  /** Folder of the project, absolute. */
  readonly projectFolder: string
  readonly jobName?: string | undefined
  /** Steps that run at once; default 10. */
  readonly concurrency?: number | undefined
  /** Cancels the run when aborted. */
  readonly signal?: AbortSignal | undefined
  /** Called with each event after it was recorded. What it throws does not touch the run, and is thrown when the run is over. */
  readonly onEvent?: ((event: RunEvent) => void) | undefined
}

/** How a run ended. */
export interface RunResult {
  readonly runId: string
  readonly status: Exclude<RunStatus, 'STARTED'>
}

/**
 * Executes planned steps: each as soon as those before it succeeded, several at once. A failed step skips what comes after it, never others.
 * @throws DAGMA_OPTION_INVALID
 */
export async function executeRun(options: ExecuteOptions): Promise<RunResult> {
  const { eventLog, steps, jobName, concurrency = 10 } = options
  if (!(concurrency >= 1))
    throw dagmaError('DAGMA_OPTION_INVALID', { option: 'concurrency', reason: `must be at least 1, not ${concurrency}` })
  const failures: unknown[] = []
  const tell = (event: RunEvent): void => {
    try {
      options.onEvent?.(event)
    } catch (error) {
      failures.push(error)
    }
  }
  const runId = randomUUID()
  eventLog.startRun({ runId, jobName, assetKeys: steps.map((step) => step.key) }).forEach(tell)
  const run = new RunningRun(runId, { ...options, concurrency, onEvent: tell })
  const status = await run.toEnd().catch((error) => {
    eventLog.endRun(runId, 'FAILURE', 'The run broke off.').forEach(tell)
    throw error
  })
  eventLog.endRun(runId, status, run.failedSteps()).forEach(tell)
  if (failures.length > 0) throw failures[0]
  return { runId, status }
}

/**
 * A run on its way. A step is waiting → running → succeeded or failed, or waiting → skipped.
 * `blocked` holds for each waiting step how many steps it still waits for.
 */
class RunningRun {
  readonly #runId: string
  readonly #options: ExecuteOptions
  readonly #signal: AbortSignal
  readonly #resources: RunResources
  readonly #blocked = new Map<string, number>()
  readonly #after = new Map<string, PlannedStep[]>()
  readonly #ready: PlannedStep[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #failed: string[] = []
  #canceled = false

  constructor(runId: string, options: ExecuteOptions) {
    this.#runId = runId
    this.#options = options
    this.#signal = options.signal ?? new AbortController().signal
    this.#resources = new RunResources(options.definitions.resources, {
      runId,
      projectFolder: options.projectFolder,
      log: this.#log('resources'),
      signal: this.#signal,
    })
    for (const step of options.steps) {
      this.#blocked.set(step.key, step.after.length)
      for (const before of step.after) {
        const followers = this.#after.get(before)
        if (followers === undefined) this.#after.set(before, [step])
        else followers.push(step)
      }
      if (step.after.length === 0) this.#ready.push(step)
    }
  }

  async toEnd(): Promise<Exclude<RunStatus, 'STARTED'>> {
    try {
      const atOnce = this.#options.concurrency ?? 10
      while (this.#ready.length > 0 || this.#running.size > 0) {
        while (this.#ready.length > 0 && this.#running.size < atOnce && !this.#signal.aborted)
          this.#start(this.#ready.shift() as PlannedStep)
        if (this.#running.size === 0) break
        await Promise.race(this.#running)
      }
    } finally {
      await Promise.allSettled(this.#running)
      await this.#resources.close()
    }
    if (this.#canceled || this.#signal.aborted) return 'CANCELED'
    return this.#failed.length > 0 ? 'FAILURE' : 'SUCCESS'
  }

  /** Empty when none failed. */
  failedSteps(): string {
    return this.#failed.length === 0 ? '' : `Steps failed: ${this.#failed.join(', ')}.`
  }

  #start(step: PlannedStep): void {
    const running = this.#run(step).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #run(step: PlannedStep): Promise<void> {
    this.#record([{ type: 'STEP_START', step: step.key }])
    const materializations: EventBody[] = []
    const outcome = await runStep(step.asset, {
      runId: this.#runId,
      retryNumber: 0,
      config: step.config,
      resources: this.#resources,
      ioManager: this.#options.ioManager,
      signal: this.#signal,
      report: (report) => {
        const event = eventOf(step.key, report)
        if (event.type === 'ASSET_MATERIALIZATION') materializations.push(event)
        else this.#record([event])
      },
    })
    if (outcome.status === 'success') {
      this.#record([...materializations, { type: 'STEP_SUCCESS', step: step.key }])
      this.#release(step)
      return
    }
    this.#record([...materializations, { type: 'STEP_FAILURE', step: step.key, error: outcome.error }])
    if (outcome.status === 'canceled') this.#canceled = true
    else this.#failed.push(step.key)
    this.#skipAfter(step)
  }

  #release(step: PlannedStep): void {
    for (const follower of this.#after.get(step.key) ?? []) {
      const waitingFor = this.#blocked.get(follower.key)
      if (waitingFor === undefined) continue // skipped already
      const left = waitingFor - 1
      this.#blocked.set(follower.key, left)
      if (left === 0) this.#ready.push(follower)
    }
  }

  #skipAfter(failed: PlannedStep): void {
    for (const follower of this.#after.get(failed.key) ?? []) {
      if (!this.#blocked.delete(follower.key)) continue
      this.#record([{ type: 'STEP_SKIPPED', step: follower.key, because: failed.key }])
      this.#skipAfter(follower)
    }
  }

  #record(bodies: readonly EventBody[]): void {
    for (const event of this.#options.eventLog.append(this.#runId, bodies)) this.#options.onEvent?.(event)
  }

  #log(step: string): StepLog {
    const at = (level: keyof StepLog) => (message: string) => this.#record([{ type: 'LOG', step, level, message: gateText(message) }])
    return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error'), critical: at('critical') }
  }
}

function eventOf(step: string, report: StepReport): EventBody {
  if (report.type === 'log') return { type: 'LOG', step, level: report.level, message: report.message }
  return { type: 'ASSET_MATERIALIZATION', step, asset: report.assetKey.join('/'), metadata: report.metadata }
}
