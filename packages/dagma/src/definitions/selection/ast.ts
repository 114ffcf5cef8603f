/** A selection as it was written, for {@link evaluate}. `at` is where in the text it stands, counted from 0. */
export type Selection =
  | { readonly op: 'all' }
  | { readonly op: 'name'; readonly name: string; readonly at: number }
  | FilterNode
  | { readonly op: 'not' | 'roots' | 'sinks'; readonly of: Selection }
  | { readonly op: 'and' | 'or'; readonly parts: readonly Selection[] }
  /** `of` and what lies around it: a number of levels up and down. Null: none in that direction. Infinity: all levels. */
  | { readonly op: 'around'; readonly of: Selection; readonly up: number | null; readonly down: number | null }

/** For example `tag:"stage"="raw"`. A value of null is written `<null>`; the value of a tag that is written without one is "". */
export interface FilterNode {
  readonly op: 'filter'
  readonly name: FilterName
  readonly value: string | null
  readonly tagValue: string
  readonly at: number
}

/** All filters of Dagster's syntax, and the older `key_substring`. Must agree with `FilterName` in selection.peggy. */
export type FilterName =
  | 'key'
  | 'key_substring'
  | 'tag'
  | 'owner'
  | 'group'
  | 'kind'
  | 'is'
  | 'code_location'
  | 'status'
  | 'column'
  | 'column_tag'
  | 'table_name'
  | 'changed_in_branch'
  | 'partitions'
  | 'automation_type'
  | 'sensor'
  | 'schedule'
  | 'job'
