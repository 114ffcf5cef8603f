import type { KnownMaterialization, MaterializedValue } from '../../runtime/values/materialized-values.ts'

/** The value of a materialization, as both sides of the channel write it. */
interface WireStored {
  readonly digest: string
  readonly stored_at: number | null
  readonly host: string
}

/** A materialization that the host has found. */
export interface WireMaterialization {
  readonly partition_key: string | null
  readonly run_id: string
  readonly stored: WireStored | null
}

export function wireStored({ digest, storedAt, host }: MaterializedValue): WireStored {
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
