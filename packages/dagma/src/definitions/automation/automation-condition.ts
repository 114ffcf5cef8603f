/** An automation condition as data, in the form of the manifest: the name of Dagster's own condition and what it takes. */
export interface ConditionNode {
  readonly op: string
  readonly args: readonly (ConditionNode | string | number)[]
}

/**
 * When Dagster materializes an asset by itself. Declared here, executed by Dagster's daemon; the names are Dagster's.
 * https://docs.dagster.io/guides/automate/declarative-automation
 */
export class AutomationCondition {
  /** In the form of the manifest. */
  /** @internal */
  readonly node: ConditionNode

  private constructor(op: string, ...args: readonly (AutomationCondition | string | number)[]) {
    this.node = { op, args: args.map((arg) => (arg instanceof AutomationCondition ? arg.node : arg)) }
  }

  /** Whenever an upstream asset is updated, and when it is missing. */
  static eager(): AutomationCondition {
    return new AutomationCondition('eager')
  }
  /** After each tick of the cron expression, once all upstream assets are updated since. `timezone` is an IANA name. */
  static onCron(cronSchedule: string, timezone = 'UTC'): AutomationCondition {
    return new AutomationCondition('on_cron', cronSchedule, timezone)
  }
  /** When it is missing and its upstream assets are not. */
  static onMissing(): AutomationCondition {
    return new AutomationCondition('on_missing')
  }
  /** The asset has never been materialized. */
  static missing(): AutomationCondition {
    return new AutomationCondition('missing')
  }
  /** A run of it is in progress. */
  static inProgress(): AutomationCondition {
    return new AutomationCondition('in_progress')
  }
  /** Its latest run failed. */
  static executionFailed(): AutomationCondition {
    return new AutomationCondition('execution_failed')
  }
  /** It was updated since the last evaluation. */
  static newlyUpdated(): AutomationCondition {
    return new AutomationCondition('newly_updated')
  }
  /** It was requested in the last evaluation. */
  static newlyRequested(): AutomationCondition {
    return new AutomationCondition('newly_requested')
  }
  /** Its code version changed. */
  static codeVersionChanged(): AutomationCondition {
    return new AutomationCondition('code_version_changed')
  }
  /** The cron expression ticked since the last evaluation. `timezone` is an IANA name. */
  static cronTickPassed(cronSchedule: string, timezone = 'UTC'): AutomationCondition {
    return new AutomationCondition('cron_tick_passed', cronSchedule, timezone)
  }
  /** It is in the latest time window; `lookbackDays` widens that. */
  static inLatestTimeWindow(lookbackDays?: number): AutomationCondition {
    return new AutomationCondition('in_latest_time_window', ...(lookbackDays === undefined ? [] : [lookbackDays]))
  }
  /** It will be requested in this evaluation. */
  static willBeRequested(): AutomationCondition {
    return new AutomationCondition('will_be_requested')
  }
  /** This is the first evaluation. */
  static initialEvaluation(): AutomationCondition {
    return new AutomationCondition('initial_evaluation')
  }
  /** The condition holds for at least one upstream asset. */
  static anyDepsMatch(condition: AutomationCondition): AutomationCondition {
    return new AutomationCondition('any_deps_match', condition)
  }
  /** The condition holds for at least one partition of each upstream asset. */
  static allDepsMatch(condition: AutomationCondition): AutomationCondition {
    return new AutomationCondition('all_deps_match', condition)
  }
  /** An upstream asset is missing. */
  static anyDepsMissing(): AutomationCondition {
    return new AutomationCondition('any_deps_missing')
  }
  /** An upstream asset is being made. */
  static anyDepsInProgress(): AutomationCondition {
    return new AutomationCondition('any_deps_in_progress')
  }
  /** An upstream asset was updated since the last evaluation. */
  static anyDepsUpdated(): AutomationCondition {
    return new AutomationCondition('any_deps_updated')
  }
  /** Every upstream asset was updated since the cron expression's last tick. `timezone` is an IANA name. */
  static allDepsUpdatedSinceCron(cronSchedule: string, timezone = 'UTC'): AutomationCondition {
    return new AutomationCondition('all_deps_updated_since_cron', cronSchedule, timezone)
  }

  /** Both hold. */
  and(other: AutomationCondition): AutomationCondition {
    return new AutomationCondition('and', this, other)
  }
  /** At least one holds. */
  or(other: AutomationCondition): AutomationCondition {
    return new AutomationCondition('or', this, other)
  }
  /** It does not hold. */
  not(): AutomationCondition {
    return new AutomationCondition('not', this)
  }
  /** It became true since `reset` last was. */
  since(reset: AutomationCondition): AutomationCondition {
    return new AutomationCondition('since', this, reset)
  }
  /** It became true in this evaluation. */
  newlyTrue(): AutomationCondition {
    return new AutomationCondition('newly_true', this)
  }
}
