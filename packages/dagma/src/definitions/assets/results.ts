import type { Metadata } from '../../metadata/metadata-value.ts'
import { expectOptions, type OptionTable } from '../options/expect-options.ts'

const brand: unique symbol = Symbol.for('dagma.materialize-result') as never

/** How bad a failed check is. */
export type CheckSeverity = 'WARN' | 'ERROR'

/** The result of a check. Dagster's `AssetCheckResult`. */
export interface CheckResult {
  readonly passed: boolean
  /** Of a failed check; default `ERROR`. A blocking check stops what is downstream only when its severity is `ERROR`. */
  readonly severity?: CheckSeverity
  readonly description?: string
  readonly metadata?: Metadata
}

/** The data of a materialization besides its value, for {@link materializeResult}. */
export interface MaterializeResultOptions<Check extends string = string> {
  /** For the event log and Dagster's UI. Default: none. */
  readonly metadata?: Metadata
  /** Version of the data: Dagster takes downstream assets as up to date while it stays. Default: Dagster makes one up. */
  readonly dataVersion?: string
  /** Results of the checks that the asset declares, by their names. */
  readonly checks?: { readonly [Name in Check]: CheckResult }
}

/** An asset's value with what its materialization carries: Dagster's `MaterializeResult`. Made by {@link materializeResult}. */
export interface MaterializeResult<Value, Check extends string = string> extends MaterializeResultOptions<Check> {
  readonly value: Value
  readonly [brand]: true
}

const materializeResultOptions: OptionTable<keyof MaterializeResultOptions> = { metadata: 'record', dataVersion: 'text', checks: 'record' }

/**
 * The return value of an asset's function if its materialization carries metadata, a data version or the results of declared checks. `value` is
 * stored for consumers. Dagster's `MaterializeResult`.
 * @throws DAGMA_OPTION_UNKNOWN when an option has another name, DAGMA_OPTION_INVALID when it has another form.
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => materializeResult([20, 35], { metadata: { count: 2 } }) })
 * ```
 */
export function materializeResult<Value, const Check extends string = never>(
  value: Value,
  options: MaterializeResultOptions<Check> = {},
): MaterializeResult<Value, Check> {
  expectOptions('materializeResult()', options, materializeResultOptions)
  return { ...options, value, [brand]: true }
}

/** Whether a function returned what {@link materializeResult} made, be it that of another copy of the package. */
export function isMaterializeResult(returned: unknown): returned is MaterializeResult<unknown> {
  return typeof returned === 'object' && returned !== null && brand in returned
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

/** The result of an observation of an asset. Dagster's `ObserveResult`. */
export interface ObserveResult {
  /** Version of the data that was seen: when it changes, what is downstream is out of date. */
  readonly dataVersion?: string
  readonly metadata?: Metadata
}
