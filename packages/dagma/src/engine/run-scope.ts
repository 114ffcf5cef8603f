import type { StepLog } from '../definitions/assets/step-log.ts'
import type { RunObserver } from '../definitions/instrument.ts'
import type { Definitions, ResolvedJob } from '../definitions/model.ts'
import type { Clock } from '../runtime/clock.ts'
import type { RunSpending } from '../runtime/spending/enforce-budgets.ts'
import type { RunResources } from '../runtime/step/run-resources.ts'
import type { KeptItems } from '../runtime/values/kept-items.ts'
import type { Values } from '../runtime/values/values.ts'
import type { EventLog } from './event-log.ts'
import type { RunEvent, RunStart } from './events.ts'
import type { PlannedStep } from './plan.ts'
import type { Recorder } from './recorder.ts'

/** How a run is executed. */
export interface ExecuteOptions {
  readonly definitions: Definitions
  readonly start: RunStart
  readonly job: ResolvedJob | undefined
  readonly steps: readonly PlannedStep[]
  readonly eventLog: EventLog
  readonly values: Values
  /** The stored results of the items of the run's steps. */
  readonly items: KeptItems
  /** Folder of the project, absolute. */
  readonly projectFolder: string
  readonly clock: Clock
  /** Maximum number of concurrent steps. */
  readonly concurrency: number
  /** Cancels the run when aborted. */
  readonly signal: AbortSignal
  /** Called with each event after it was recorded. See {@link Recorder} for what happens when it fails. */
  readonly onEvent: ((event: RunEvent) => void) | undefined
}

/** State that the steps of a run share. */
export interface RunScope extends ExecuteOptions {
  readonly recorder: Recorder
  readonly resources: RunResources
  readonly spending: RunSpending
  readonly observer: RunObserver | undefined
  /** Of this step. */
  readonly log: StepLog
}
