import { hostname } from 'node:os'
import type { AssetKey } from '../../definitions/assets/asset-key.ts'
import type { LoadedValue, ValueIdentity } from '../../definitions/assets/io-manager.ts'
import { contentDigest } from './content-digest.ts'

/** The value that a materialization stored, as its event carries it. */
export interface MaterializedValue {
  /** Names the content: at most 40 letters, digits, `_` and `-`. */
  readonly digest: string
  /** In milliseconds since 1970-01-01 UTC, by the clock of the storage; null when that is unknown. */
  readonly storedAt: number | null
  /** The machine that stored it. */
  readonly host: string
}

/** A materialization as a host knows it: its run, and its value if it identifies one. */
export interface KnownMaterialization {
  readonly runId: string
  readonly value: MaterializedValue | undefined
}

/**
 * Finds the materializations of an asset's partitions (undefined: of the asset) by their keys: that of the run itself where it made one, otherwise the newest.
 * Those that were never materialized are left out.
 */
export type FindMaterializations = (
  assetKey: AssetKey,
  partitionKeys: readonly (string | undefined)[],
) => Promise<ReadonlyMap<string | undefined, KnownMaterialization>>

/** How many of the newest materializations are searched for that of the run itself. */
export const searchedMaterializations = 10

/** The identity of the value that an IO manager stored, for its materialization; undefined if it cannot be distinguished from another value. */
export function materializedValue({ digest, storedAt }: ValueIdentity): MaterializedValue | undefined {
  return digest === undefined ? undefined : { digest: shortDigest(digest), storedAt: wholeMs(storedAt), host: hostname() }
}

/** Whether what was found is not what the materialization stored, and how it differs. A newer value is none of this run's business, unless it made its own. */
export function differenceFrom(
  { runId, value }: KnownMaterialization,
  found: LoadedValue | undefined,
  ownRunId: string,
): 'none' | 'older' | 'newer' | 'other' | undefined {
  if (found === undefined) return 'none'
  if (value === undefined || found.digest === undefined || shortDigest(found.digest) === value.digest) return undefined
  const storedAt = wholeMs(found.storedAt)
  if (storedAt === null || value.storedAt === null || storedAt === value.storedAt) return 'other'
  if (storedAt < value.storedAt) return 'older'
  return runId === ownRunId ? 'newer' : undefined
}

function shortDigest(digest: string): string {
  return /^[\w-]{1,40}$/.test(digest) ? digest : contentDigest(digest)
}

function wholeMs(time: number | undefined): number | null {
  return time === undefined ? null : Math.floor(time)
}
