import type { StandardSchemaV1 } from '@standard-schema/spec'

/** What is wrong with a config, and in which field. */
export function issueText(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  return path === '' ? issue.message : `${path}: ${issue.message}`
}
