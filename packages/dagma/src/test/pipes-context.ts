import type { PipesContextData } from '../dagster/pipes/protocol.ts'

/** What Dagster tells a step that makes one asset without partitions, but for `changes`. */
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
