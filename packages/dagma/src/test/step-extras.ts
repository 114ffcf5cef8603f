import type { StepExtras } from '../dagster/host/to-worker.ts'

/** The data that the Python package sends beside the context, of a step in a run of one process, except for `changes`. */
export function stepExtras(changes: Pick<StepExtras, 'step_name'> & Partial<StepExtras>): StepExtras {
  return {
    config: null,
    selected: [],
    run_tags: {},
    dynamic_partitions: {},
    run_started: null,
    is_whole_run: true,
    partition_keys: null,
    resumed_run_ids: [],
    ...changes,
  }
}
