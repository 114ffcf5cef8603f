import type { SourcePlace } from './call-site.ts'

/** What knows where it was declared. */
export interface Placed {
  readonly source: () => SourcePlace | undefined
}

/** ` (file:line)` of a definition, or nothing when its place is not known. */
export function placeText(item: Placed): string {
  const source = item.source()
  return source === undefined ? '' : ` (${source.file}:${source.line})`
}
