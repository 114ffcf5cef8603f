/** The least and the greatest number of each field; of weekdays, where 7 is Sunday too, those that Dagster counts to. */
export const fieldRanges: readonly (readonly [min: number, max: number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
]

/** A cron expression in which `5/10`, as Dagster takes it, is written out: from 5 to the end of the field, `5-59/10`. */
export function withEnds(cron: string): string {
  const fields = cron.trim().split(/\s+/)
  if (!cron.includes('/')) return fields.join(' ')
  return fields.map((field, index) => field.replace(/(^|,)(\d+)(?=\/)/g, `$1$2-${fieldRanges[index]?.[1]}`)).join(' ')
}
