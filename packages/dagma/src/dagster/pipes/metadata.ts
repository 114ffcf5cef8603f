/** Metadata as a Pipes process writes it: Dagma's values, and besides Dagster's own form of a typed value. */
import { dagmaError } from '../../errors.ts'
import type { Json, MetadataInput, MetadataType } from '../../metadata/metadata-value.ts'
import { normalize, type WireMetadata, type WireMetadataValue } from '../../metadata/normalize.ts'
import { plainJson } from '../../metadata/plain-json.ts'
import { lineageProblem, schemaProblem, tableProblem } from '../../metadata/table-problems.ts'

/**
 * A typed value in Dagster's own form: JSON data that fits the type, which is checked when it is reported. `__infer__` takes the type from the value,
 * as for a plain one.
 */
export type PipesMetadataValue =
  | { readonly raw_value: unknown; readonly type: MetadataType }
  | { readonly raw_value: Json; readonly type: '__infer__' }

/** Metadata of a report: keys to values. An object with exactly the members `raw_value` and `type` is a typed value; any other is `json`. */
export type PipesMetadata = { readonly [key: string]: MetadataInput | PipesMetadataValue }

/** Metadata in the form of Pipes. @throws DAGMA_METADATA_INVALID when Dagster could not read a value. */
export function pipesMetadata(metadata: PipesMetadata): WireMetadata {
  return Object.assign({}, ...Object.entries(metadata).map(([key, value]) => wire(key, value)))
}

function wire(key: string, input: MetadataInput | PipesMetadataValue): WireMetadata {
  if (!isTyped(input)) return normalize({ [key]: input })
  if (input.type === '__infer__') return normalize({ [key]: input.raw_value })
  return { [key]: typed(key, input.type, input.raw_value) }
}

function isTyped(input: MetadataInput | PipesMetadataValue): input is PipesMetadataValue {
  return typeof input === 'object' && input !== null && Object.keys(input).sort().join() === 'raw_value,type'
}

function typed(key: string, type: MetadataType, value: unknown): WireMetadataValue {
  const wrong = (reason: string): Error => dagmaError('DAGMA_METADATA_INVALID', { key, reason })
  if (!Object.hasOwn(problems, type)) throw wrong(`has the type "${type}", which Dagster Pipes lacks`)
  // A float or a moment may be of any size.
  const raw_value = plainJson(value, wrong, { unsafe: type === 'float' || type === 'timestamp' })
  const problem = problems[type](raw_value)
  if (problem !== undefined) throw wrong(problem)
  return { type, raw_value }
}

const unless =
  (fits: (value: unknown) => boolean) =>
  (value: unknown): string | undefined =>
    fits(value) ? undefined : 'does not fit its type'
const isText = unless((value) => typeof value === 'string')
const isNumber = unless((value) => typeof value === 'number')

/** Why Dagster cannot read a value of a type: what it cannot read stops its reader, and all later messages are lost. */
const problems: { readonly [type in MetadataType]: (value: unknown) => string | undefined } = {
  text: isText,
  md: isText,
  url: isText,
  path: isText,
  notebook: isText,
  asset: isText,
  dagster_run: isText,
  json: unless((value) => typeof value !== 'number' && typeof value !== 'boolean'),
  int: unless(Number.isInteger),
  float: isNumber,
  timestamp: isNumber,
  bool: unless((value) => typeof value === 'boolean'),
  null: unless((value) => value === null),
  table: tableProblem,
  table_schema: schemaProblem,
  table_column_lineage: lineageProblem,
}
