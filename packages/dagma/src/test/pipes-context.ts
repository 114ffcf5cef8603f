import type { PipesContextData } from '../dagster/pipes/protocol.ts'

/** Dagster's data about a step of one unpartitioned asset, except for `changes`. */
export function pipesContext(changes: Partial<PipesContextData> = {}): PipesContextData {
  return {
    asset_keys: ['warehouse/sum'],
    code_version_by_asset_key: null,
    provenance_by_asset_key: null,
    partition_key: null,
    partition_key_range: null,
    partition_time_window: null,
    run_id: 'run-1',
    job_name: null,
    retry_number: 0,
    extras: {},
    ...changes,
  }
}
