import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describedConfig } from './config-schema.ts'
import { enteredFieldIssues } from './entered-fields.ts'

/** Everything that is wrong with an entered config: what its schema library says in `result`, and what Dagster would refuse. */
export function configIssues(config: StandardSchemaV1, entered: unknown, result: StandardSchemaV1.Result<unknown>): string[] {
  const issues = (result.issues ?? []).map(issueText)
  const named = new Set(issues.map((issue) => issue.split(':')[0]))
  const more = enteredFieldIssues(describedConfig(config).schema, entered).filter((issue) => !named.has(issue.split(':')[0]))
  return [...issues, ...more]
}

/** A problem, and its field. */
function issueText(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  return path === '' ? issue.message : `${path}: ${issue.message}`
}
