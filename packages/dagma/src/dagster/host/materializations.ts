import type { KnownMaterialization, MaterializedValue } from '../../runtime/values/materialized-values.ts'
import type { WireMaterialization } from './to-worker.ts'

export function wireStored({ digest, storedAt, host }: MaterializedValue): NonNullable<WireMaterialization['stored']> {
  return { digest, stored_at: storedAt, host }
}

export function materializationsByPartition(found: readonly WireMaterialization[]): Map<string | undefined, KnownMaterialization> {
  return new Map(
    found.map(({ partition_key, run_id: runId, stored }) => [
      partition_key ?? undefined,
      { runId, value: stored === null ? undefined : { digest: stored.digest, storedAt: stored.stored_at, host: stored.host } },
    ]),
  )
}
