/** The four cadences that Dagster knows by name. */
export type Cadence = 'hourly' | 'daily' | 'weekly' | 'monthly'

/** A cadence, and when in it something is due. */
export interface CadenceTimes {
  readonly kind: Cadence
  readonly minute: number
  /** 0 of hourly ones. */
  readonly hour: number
  /** Of weekly ones 0 (Sunday) to 6, of monthly ones the day of the month; 0 of others. */
  readonly day: number
}

/** The cron expression of a cadence. */
export function cronOfCadence({ kind, minute, hour, day }: CadenceTimes): string {
  switch (kind) {
    case 'hourly':
      return `${minute} * * * *`
    case 'daily':
      return `${minute} ${hour} * * *`
    case 'weekly':
      return `${minute} ${hour} * * ${day}`
    case 'monthly':
      return `${minute} ${hour} ${day} * *`
  }
}

/** The cadence of a cron expression that has one number for each of its times, as Dagster recognizes it; undefined of any other. */
export function cadenceOf(cronSchedule: string): CadenceTimes | undefined {
  const [, minute, hour, dayOfMonth, weekday] = /^(\d+) (\d+|\*) (\d+|\*) \* (\d+|\*)$/.exec(cronSchedule) ?? []
  if (minute === undefined) return undefined
  const times = { minute: Number(minute), hour: hour === '*' ? 0 : Number(hour), day: 0 }
  if (hour === '*') return dayOfMonth === '*' && weekday === '*' ? { kind: 'hourly', ...times } : undefined
  if (weekday === '*') return dayOfMonth === '*' ? { kind: 'daily', ...times } : { kind: 'monthly', ...times, day: Number(dayOfMonth) }
  return dayOfMonth === '*' ? { kind: 'weekly', ...times, day: Number(weekday) % 7 } : undefined
}
