import type { SourcePlace } from './call-site.ts'

/** A definition with its place in the source. */
export interface Located {
  readonly source: () => SourcePlace | undefined
}

/** ` (file:line)` of a definition, or nothing when its place is not known. */
export function placeText(item: Located): string {
  const source = item.source()
  return source === undefined ? '' : ` (${source.file}:${source.line})`
}
