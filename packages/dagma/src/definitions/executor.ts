/**
 * The executors that are known by name. `dagma`, the default, runs the steps of a run concurrently in one process with one Node worker; `in_process` one
 * after the other. With the others each step has its own process, with its own Node worker: `multiprocess` on the machine of the run,
 * `celery`, `k8s`, `celery-k8s` and `docker` elsewhere, `worker-pool` in warm processes of `dagma worker-pool` on any machine.
 */
export const executorNames = ['dagma', 'in_process', 'multiprocess', 'celery', 'k8s', 'celery-k8s', 'docker', 'worker-pool'] as const
/** One of those names. */
export type ExecutorName = (typeof executorNames)[number]

/** An executor with config, or one of a Python package that Dagma does not know by name. */
export interface ExecutorOptions {
  /** Python module that has it, such as `my_company.executors`. Default: that of the named executor. */
  readonly module?: string
  /** With `module`, the name of a variable in it that holds an `ExecutorDefinition`; without, one of {@link executorNames}. */
  readonly name: ExecutorName | (string & {})
  /** Its config, as in Dagster's run config under `execution: config:`. It is the default that the launchpad shows and a run may replace, field by field. */
  readonly config?: { readonly [field: string]: unknown }
}

/**
 * The executor of a run's steps in Dagster: a name, or a name with config. The embedded engine has its own executor and ignores it. Dagster's executor
 * definition.
 * @example `'multiprocess'`
 * @example `{ name: 'celery', config: { broker: { env: 'CELERY_BROKER' } } }`
 * @example `{ module: 'my_company.executors', name: 'batch_executor', config: { queue: 'large' } }`
 */
export type Executor = ExecutorName | ExecutorOptions

/** The same in one form. */
export function executorOptions(executor: Executor): ExecutorOptions {
  return typeof executor === 'string' ? { name: executor } : executor
}

/**
 * Tags of a step that executors and Dagster's limits read, such as `dagster-celery/queue`, `dagster/priority` or `dagster-k8s/config`. A value that
 * is not text is handed on as JSON. Dagster's op tags.
 */
export type OpTags = { readonly [tag: string]: unknown }

/** Whether steps run on other machines than the run, which share no folder with it; undefined if that is unknown. */
export function leavesMachine(executor: Executor): boolean | undefined {
  const { name } = executorOptions(executor)
  return isolatesSteps(executor) && name !== 'multiprocess'
}

/** Whether each step has its own process; undefined if unknown. */
export function isolatesSteps(executor: Executor): boolean | undefined {
  const { module, name } = executorOptions(executor)
  return module === undefined ? name !== 'dagma' && name !== 'in_process' : undefined
}
