import type { FilterName, FilterNode } from './ast.ts'
import type { SelectableAsset } from './graph.ts'

/** Whether an asset passes. */
export type Matcher = (asset: SelectableAsset) => boolean

/** Reads a filter's value. A text instead of a matcher says why the value makes no sense. */
type Filter = (wanted: FilterNode) => Matcher | string

const uiOnly: Filter = ({ name }) => `"${name}:" works in Dagster's UI only, since only a running Dagster knows the answer`
const kindTag = 'dagster/kind/'

/** The assets that each filter of the syntax selects, as in Dagster. Another filter needs only its line here. */
export const filters: Readonly<Record<FilterName, Filter>> = {
  key: ({ value }) => on(wildcard(value ?? ''), (asset) => asset.key),
  key_substring:
    ({ value }) =>
    (asset) =>
      value !== null && asset.key.includes(value),
  group: ({ value }) => on(wildcard(value ?? ''), (asset) => asset.group),
  kind:
    ({ value }) =>
    (asset) =>
      value === null ? asset.kinds.length === 0 : asset.kinds.includes(value),
  tag:
    ({ value, tagValue }) =>
    (asset) =>
      value !== null && tagsOf(asset).get(value) === tagValue,
  owner:
    ({ value }) =>
    (asset) =>
      value !== null && asset.owners.includes(value),
  is: ({ value }) =>
    value === 'materializable'
      ? (asset) => !asset.external
      : value === 'external'
        ? (asset) => asset.external
        : '"is:" takes "materializable" or "external"',
  code_location: uiOnly,
  status: uiOnly,
  column: uiOnly,
  column_tag: uiOnly,
  table_name: uiOnly,
  changed_in_branch: uiOnly,
  partitions: () => '"partitions:" is not supported by Dagma',
  automation_type: uiOnly,
  sensor: uiOnly,
  schedule: uiOnly,
  job: uiOnly,
}

function on(matches: (text: string) => boolean, text: (asset: SelectableAsset) => string): Matcher {
  return (asset) => matches(text(asset))
}

/** Dagster keeps kinds as tags without a value, and `tag:` sees them. */
function tagsOf(asset: SelectableAsset): Map<string, string> {
  return new Map([...Object.entries(asset.tags), ...asset.kinds.map((kind) => [kindTag + kind, ''] as const)])
}

/** Every "*" stands for any text, also "/" and none at all. Reads each character once: a regular expression takes forever on many "*". */
function wildcard(pattern: string): (text: string) => boolean {
  const [start = '', ...others] = pattern.split(/\*+/)
  const end = others.pop()
  if (end === undefined) return (text) => text === pattern
  return (text) => {
    if (!text.startsWith(start)) return false
    let at = start.length
    for (const part of others) {
      const found = text.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return text.length - end.length >= at && text.endsWith(end)
  }
}
