import type { StepLog } from '../../definitions/assets/step-log.ts'
import type { EndStatus, ObservedRun, RunObserver } from '../../definitions/instrument.ts'
import type { Definitions } from '../../definitions/model.ts'
import { systemClock } from '../../runtime/clock.ts'
import { gatedLog } from '../../runtime/gate/gated-log.ts'
import { shortSecretWarnings } from '../../runtime/gate/known-secrets.ts'
import { RunSpending } from '../../runtime/spending/enforce-budgets.ts'
import { endObserved, observeRun } from '../../runtime/step/instrumentation.ts'
import { RunResources } from '../../runtime/step/run-resources.ts'
import type { StepFailure } from '../../runtime/step/step-failure.ts'
import type { StepOutcome } from '../../runtime/step/step-host.ts'
import { KeptItems } from '../../runtime/values/kept-items.ts'
import { projectValues, Values } from '../../runtime/values/values.ts'
import type { PipesContextData } from '../pipes/protocol.ts'
import { dagsterUi, runPage } from './run-page.ts'
import type { ObserveEnd, StepExtras } from './to-worker.ts'

/** The facts of a run apart from its steps. */
type RunFacts = Pick<PipesContextData, 'run_id' | 'job_name' | 'partition_key'> & Pick<StepExtras, 'run_started'>

/** The state of a worker for the run that it serves. The next run gets a new one, so that runs share nothing. */
export class ServedRun {
  readonly values: Values
  readonly #definitions: Definitions
  readonly #projectFolder: string
  readonly #stopping = new AbortController()
  #resources: RunResources | undefined
  #spending: RunSpending | undefined
  #items: KeptItems | undefined
  #observer: Promise<RunObserver | undefined> | undefined
  #ui: { readonly url: string | undefined } | undefined
  /** How the last attempt of each step ended, by its name. */
  readonly #ended = new Map<string, { readonly outcome: StepOutcome; readonly partitionKey: string | undefined }>()
  #hasFailed = false
  /** How a run has ended that this process sees the end of. */
  #status: EndStatus | undefined
  /** Partitions that this run does not try again, by the name of their step. */
  readonly #givenUp = new Map<string, Map<string, StepFailure>>()

  constructor(definitions: Definitions, projectFolder: string) {
    this.#definitions = definitions
    this.#projectFolder = projectFolder
    this.values = new Values(definitions, projectValues(projectFolder))
  }

  /** Opened once, whichever step needs them. */
  resources(runId: string): RunResources {
    if (this.#resources !== undefined) return this.#resources
    const log = runLog()
    for (const warning of shortSecretWarnings()) log.warning(warning)
    const ui = this.#dagsterUi()
    const { signal } = this.#stopping
    const storage = this.values.ofResources(runId, signal)
    const context = { runId, ...(ui && { runUrl: runPage(ui, runId) }), projectFolder: this.#projectFolder, log, signal, storage }
    this.#resources = new RunResources(this.#definitions.resources, context)
    return this.#resources
  }

  /** The spending of its steps on models. */
  spending({ run_id: runId, job_name: jobName }: Pick<PipesContextData, 'run_id' | 'job_name'>): RunSpending {
    const run = { definitions: this.#definitions, projectFolder: this.#projectFolder, runId, jobName, now: systemClock.now }
    this.#spending ??= new RunSpending(run)
    return this.#spending
  }

  /** The stored results of its steps' items, and of those of the runs that it retries. */
  items(runId: string, retriedRunIds: readonly string[]): KeptItems {
    this.#items ??= new KeptItems(this.#projectFolder, { runId, retriedRunIds, sync: false })
    return this.#items
  }

  /** Its observation, which begins with its first step here. */
  async observer({ is_whole_run, ...run }: RunFacts & Pick<StepExtras, 'is_whole_run'>): Promise<RunObserver | undefined> {
    return this.#observe(run, is_whole_run ? 'all' : 'steps')
  }

  /** Observes the end of a run whose steps had other processes. */
  observeEnd(run: ObserveEnd): void {
    this.#status = run.status
    this.#observe(run, 'end')
  }

  /** Partitions of a step that are not retried. */
  givenUp(stepName: string): Map<string, StepFailure> {
    const known = this.#givenUp.get(stepName) ?? new Map<string, StepFailure>()
    this.#givenUp.set(stepName, known)
    return known
  }

  /** An attempt of a step has ended. */
  note(stepName: string, outcome: StepOutcome, partitionKey: string | undefined): void {
    this.#ended.set(stepName, { outcome, partitionKey })
  }

  /** How the last attempt of a step ended; undefined when it did not run here. */
  outcomeOf(stepName: string): StepOutcome | undefined {
    return this.#ended.get(stepName)?.outcome
  }

  /** A step of the run has failed, perhaps in another process. */
  noteFailure(): void {
    this.#hasFailed = true
  }

  /** Aborts what its resources have begun: the run ends before its steps did. */
  abort(): void {
    this.#stopping.abort()
  }

  /** Closes its resources and ends its observation, when its steps have ended. */
  async end(): Promise<void> {
    // Dagster has recorded by now how its steps have ended: a retry after a crash before that still finds what they kept.
    for (const [step, { outcome, partitionKey }] of this.#ended) if (outcome.status === 'success') this.#items?.remove(step, partitionKey)
    await endObserved(
      await this.#observer,
      async () => {
        await this.#resources?.close()
        await this.#spending?.close()
      },
      () => this.#endStatus(),
    )
  }

  #observe({ run_id: runId, job_name: jobName, partition_key, run_started }: RunFacts, part: ObservedRun['part']) {
    if (this.#definitions.instrument === undefined) return undefined
    const known = { partitionKey: partition_key ?? undefined, part, dagsterUrl: this.#dagsterUi() }
    const startedAt = run_started === null ? undefined : run_started * 1_000
    const run = { host: 'dagster', runId, jobName, ...known, startedAt } as const
    this.#observer ??= observeRun(this.#definitions, run, { projectFolder: this.#projectFolder, log: runLog() })
    return this.#observer
  }

  /** The result of the run as Dagster reports it, or of its own steps and those that Dagster knows of in other processes. */
  #endStatus(): EndStatus {
    if (this.#status !== undefined) return this.#status
    const ended = new Set([...this.#ended.values()].map(({ outcome }) => outcome.status))
    return ended.has('canceled') ? 'canceled' : this.#hasFailed || ended.has('failure') ? 'failure' : 'success'
  }

  #dagsterUi(): string | undefined {
    this.#ui ??= { url: dagsterUi(runLog()) }
    return this.#ui.url
  }
}

/** Takes what belongs to the run and to none of its steps. */
function runLog(): StepLog {
  return gatedLog((level, message) => process.stderr.write(`${level}: ${message}\n`))
}
