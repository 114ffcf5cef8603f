/** The separator of partition ranges in Dagster's UI, and characters that it does not show. */
const refused = ['...', '\u0007', '\b', '\f', '\n', '\r', '\t', '\v', '\0']

/** Why a static or dynamic partition cannot have this key; undefined when it can. */
export function partitionKeyProblem(key: string): string | undefined {
  if (key === '') return 'is empty, which Dagster takes for a run without a partition'
  const found = refused.find((text) => key.includes(text))
  return found === undefined ? undefined : `has ${JSON.stringify(found)}, which Dagster does not take`
}
