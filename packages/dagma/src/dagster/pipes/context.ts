import { dagmaError } from '../../errors.ts'
import type { PipesContextData, PipesProvenanceData } from './protocol.ts'

/** The data versions an asset was last materialized with, as far as Dagster knows. */
export interface PipesProvenance {
  readonly codeVersion: string
  /** Data versions of its inputs, by their key. */
  readonly inputDataVersions: { readonly [asset: string]: string }
  /** Whether the asset's own code said so, and not Dagster. */
  readonly isUserProvided: boolean
}

/** From where to where, both ends included for partitions; a time window ends before its end. */
export interface PipesRange {
  readonly start: string
  readonly end: string
}

/** Dagster's data about the step that this process executes. Keys of assets have "/" between their parts. */
export class PipesContext {
  /** The same as it stands on the wire. */
  readonly data: PipesContextData
  readonly #isOutside: boolean

  /** `data` is undefined when Dagster did not start this process. */
  constructor(data: PipesContextData | undefined) {
    this.data = data ?? outsideDagster
    this.#isOutside = data === undefined
  }

  /** Id of the run. */
  get runId(): string {
    return this.data.run_id
  }

  /** Name of the job; undefined outside of one. */
  get jobName(): string | undefined {
    return this.data.job_name ?? undefined
  }

  /** The number of retries of the run; 0 for the first attempt. */
  get retryNumber(): number {
    return this.data.retry_number
  }

  /** Whether the step materializes assets. */
  get isAssetStep(): boolean {
    return this.data.asset_keys !== null
  }

  /** Keys of the assets that the step materializes. @throws DAGMA_PIPES_UNDEFINED when it materializes none. */
  get assetKeys(): readonly string[] {
    return this.#defined('assetKeys', this.data.asset_keys, noAsset)
  }

  /** Key of the one asset that the step materializes. @throws DAGMA_PIPES_UNDEFINED when it materializes none or several. */
  get assetKey(): string {
    return this.#onlyAsset('assetKey')
  }

  /** Code version of the one asset; undefined when it has none. @throws DAGMA_PIPES_UNDEFINED when the step materializes none or several. */
  get codeVersion(): string | undefined {
    return this.codeVersionByAssetKey[this.#onlyAsset('codeVersion')] ?? undefined
  }

  /** Code versions by asset; undefined where it has none. @throws DAGMA_PIPES_UNDEFINED when the step materializes no assets. */
  get codeVersionByAssetKey(): { readonly [asset: string]: string | undefined } {
    return mapped(this.#defined('codeVersionByAssetKey', this.data.code_version_by_asset_key, noAsset), (version) => version ?? undefined)
  }

  /** The provenance of the one asset; undefined before. @throws DAGMA_PIPES_UNDEFINED when the step materializes none or several. */
  get provenance(): PipesProvenance | undefined {
    return this.provenanceByAssetKey[this.#onlyAsset('provenance')]
  }

  /** The provenance of each asset; undefined before. @throws DAGMA_PIPES_UNDEFINED when the step materializes no assets. */
  get provenanceByAssetKey(): { readonly [asset: string]: PipesProvenance | undefined } {
    return mapped(this.#defined('provenanceByAssetKey', this.data.provenance_by_asset_key, noAsset), provenanceOf)
  }

  /** Whether the step materializes partitions. */
  get isPartitionStep(): boolean {
    return this.data.partition_key_range !== null
  }

  /** Key of the one partition. @throws DAGMA_PIPES_UNDEFINED when the step materializes none or several. */
  get partitionKey(): string {
    return this.#defined('partitionKey', this.data.partition_key, this.isPartitionStep ? 'the step materializes several' : noPartition)
  }

  /** First and last partition. @throws DAGMA_PIPES_UNDEFINED when the step materializes no partitions. */
  get partitionKeyRange(): PipesRange {
    return this.#defined('partitionKeyRange', this.data.partition_key_range, noPartition)
  }

  /** Start and end in time, in ISO 8601; undefined when the partitions are not in time. @throws DAGMA_PIPES_UNDEFINED when the step materializes no partitions. */
  get partitionTimeWindow(): PipesRange | undefined {
    this.#defined('partitionTimeWindow', this.data.partition_key_range, noPartition)
    return this.data.partition_time_window ?? undefined
  }

  /** The `extras` that Dagster's side passed. */
  get extras(): { readonly [key: string]: unknown } {
    return this.data.extras
  }

  /** One of the extras. @throws DAGMA_PIPES_UNDEFINED when Dagster’s side gave none of that name. */
  extra(key: string): unknown {
    if (!Object.hasOwn(this.extras, key)) throw this.#undefined(`extra "${key}"`, 'Dagster’s side gave none of that name')
    return this.extras[key]
  }

  #onlyAsset(what: string): string {
    const keys = this.#defined(what, this.data.asset_keys, noAsset)
    return this.#defined(what, keys.length === 1 ? keys[0] : undefined, `the step materializes ${keys.length} assets`)
  }

  #defined<Value>(what: string, value: Value | null | undefined, reason: string): Value {
    if (value === null || value === undefined) throw this.#undefined(what, reason)
    return value
  }

  #undefined(what: string, reason: string): Error {
    return dagmaError('DAGMA_PIPES_UNDEFINED', { what, reason: this.#isOutside ? 'Dagster did not start this process' : reason })
  }
}

const outsideDagster: PipesContextData = {
  asset_keys: null,
  code_version_by_asset_key: null,
  provenance_by_asset_key: null,
  partition_key: null,
  partition_key_range: null,
  partition_time_window: null,
  run_id: '',
  job_name: null,
  retry_number: 0,
  extras: {},
}

const noAsset = 'the step materializes no assets'
const noPartition = 'the step materializes no partitions'

function mapped<From, To>(values: { readonly [key: string]: From }, map: (value: From) => To): { readonly [key: string]: To } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]))
}

function provenanceOf(data: PipesProvenanceData | null): PipesProvenance | undefined {
  if (data === null) return undefined
  const { code_version: codeVersion, input_data_versions: inputDataVersions, is_user_provided: isUserProvided } = data
  return { codeVersion, inputDataVersions, isUserProvided }
}
