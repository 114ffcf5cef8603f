import type { Metadata } from '../../metadata/metadata-value.ts'
import { expectOptions, type OptionTable } from '../validation/expect-options.ts'

const brand: unique symbol = Symbol.for('dagma.materialize-result') as never

/** How bad a failed check is. */
export type CheckSeverity = 'WARN' | 'ERROR'

/** What a check found. Dagster's `AssetCheckResult`. */
export interface CheckResult {
  readonly passed: boolean
  /** Of a failed check; default `ERROR`. A blocking check stops what is downstream only when its severity is `ERROR`. */
  readonly severity?: CheckSeverity
  readonly description?: string
  readonly metadata?: Metadata
}

/** What a materialization carries beside value and metadata. */
export interface ResultExtras<Check extends string = string> {
  /** Version of the data: Dagster takes downstream assets as up to date while it stays. Default: Dagster makes one up. */
  readonly dataVersion?: string
  /** Results of the checks that the asset declares, by their names. */
  readonly checks?: { readonly [Name in Check]: CheckResult }
}

/** An asset's value with what its materialization carries: Dagster's `MaterializeResult`. Made by {@link materializeResult}. */
export class MaterializeResult<Value, Check extends string = string> {
  readonly value: Value
  readonly metadata: Metadata
  readonly extras: ResultExtras<Check>
  readonly [brand] = true

  constructor(value: Value, metadata: Metadata, extras: ResultExtras<Check>) {
    this.value = value
    this.metadata = metadata
    this.extras = extras
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}

const resultExtras: OptionTable<keyof ResultExtras> = { dataVersion: 'text', checks: 'record' }

/**
 * What an asset's function returns when its materialization carries metadata. `value` is stored for consumers; `metadata` goes to the
 * event log and to Dagster's UI; `extras` are a data version and the results of declared checks.
 */
export function materializeResult<Value, const Check extends string = never>(
  value: Value,
  metadata: Metadata = {},
  extras: ResultExtras<Check> = {},
): MaterializeResult<Value, Check> {
  expectOptions('materializeResult()', extras, resultExtras)
  return new MaterializeResult(value, metadata, extras)
}

/** The value inside what a function returned. */
export type Returned<Out> = Unwrapped<Awaited<Out>>
type Unwrapped<Result> = Result extends MaterializeResult<infer Value> ? Value : Result

/** A sentence for each check that has a result in what a function returned, while its asset does not declare it; never: none. */
export type CheckProblem<Out, Declared extends string> =
  Awaited<Out> extends MaterializeResult<unknown, infer Check> ? Undeclared<Check, Declared> : never
type Undeclared<Check extends string, Declared extends string> = string extends Check
  ? never
  : [Exclude<Check, Declared>] extends [never]
    ? never
    : `The asset does not declare a check named "${Exclude<Check, Declared>}" under \`checks\`.`

/** What an observation of an asset found. Dagster's `ObserveResult`. */
export interface ObserveResult {
  /** Version of the data that was seen: when it changes, what is downstream is out of date. */
  readonly dataVersion?: string
  readonly metadata?: Metadata
}
