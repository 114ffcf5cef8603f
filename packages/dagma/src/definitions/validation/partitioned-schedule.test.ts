import { expect, test } from 'vitest'
import { thrownBy } from '../../test/temporary.ts'
import { asset } from '../assets/asset.ts'
import { job } from '../automation/job.ts'
import { type ScheduleOptions, schedule } from '../automation/schedule.ts'
import { definitions } from '../definitions.ts'
import type { PartitionsDefinition } from '../partitions/partition-types.ts'
import {
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  timeWindowPartitions,
  weeklyPartitions,
} from '../partitions/partitions.ts'

const start = '2026-01-01'
const berlin = { start, timezone: 'Europe/Berlin' }
const regions = staticPartitions(['x', 'y'])
const byCron = (cronSchedule: string) => timeWindowPartitions({ cronSchedule, keyFormat: '%Y-%m-%d', start })

function declared(partitions: PartitionsDefinition | undefined, options: Omit<ScheduleOptions<{}>, 'name' | 'job'>) {
  const one = asset({ key: 'one', ...(partitions && { partitions }), run: () => 1 })
  const all = definitions({
    assets: [one],
    jobs: [job({ name: 'all', selection: [one] })],
    schedules: [schedule({ name: 's', job: 'all', ...options })],
  })
  const found = all.schedules.get('s')
  if (found === undefined) throw new Error('it is not there')
  return found
}

test.each<[PartitionsDefinition, ScheduleOptions<{}>['forPartitions'], cron: string]>([
  [hourlyPartitions({ start, minuteOffset: 5 }), 'last', '5 * * * *'],
  [hourlyPartitions({ start, minuteOffset: 5 }), { minuteOfHour: 30 }, '30 * * * *'],
  [dailyPartitions({ start, hourOffset: 4 }), 'last', '0 4 * * *'],
  [dailyPartitions({ start, hourOffset: 4 }), { hourOfDay: 0, minuteOfHour: 10 }, '10 0 * * *'],
  [weeklyPartitions({ start, dayOffset: 1 }), {}, '0 0 * * 1'],
  [weeklyPartitions({ start, dayOffset: 1 }), { dayOfWeek: 0, hourOfDay: 2 }, '0 2 * * 0'],
  [monthlyPartitions({ start }), 'last', '0 0 1 * *'],
  [monthlyPartitions({ start }), { dayOfMonth: 15 }, '0 0 15 * *'],
  [byCron('30 6 * * 1-5'), 'last', '30 6 * * 1-5'],
  [byCron('30 6 * * *'), { hourOfDay: 7 }, '30 7 * * *'],
  [multiPartitions({ region: regions, day: dailyPartitions({ start }) }), { hourOfDay: 1 }, '0 1 * * *'],
])('%j with %j ticks at %s', (partitions, forPartitions, cron) => {
  expect(declared(partitions, { ...(forPartitions && { forPartitions }) })).toMatchObject({ cronSchedule: cron, executionTimezone: 'UTC' })
})

test('a tick after an excluded window runs nothing', async () => {
  const { evaluate } = declared(dailyPartitions({ start, exclude: ['0 0 * * 0,6'] }), { forPartitions: 'last' })
  const at = (time: string) => evaluate?.({ scheduledTime: new Date(time) } as Parameters<NonNullable<typeof evaluate>>[0])
  expect(at('2026-01-10T00:00:00Z')).toMatchObject([{ partitionKey: '2026-01-09' }])
  expect(at('2026-01-11T00:00:00Z')).toMatchObject({ type: 'skip_reason' })
  expect(at('2026-01-13T00:00:00Z')).toMatchObject([{ partitionKey: '2026-01-12' }])
})

test('a tick runs the last partition that exists at its moment, over changes of the clock too', () => {
  const daily = declared(dailyPartitions(berlin), { forPartitions: { tags: { team: 'data' } } })
  const keysAt = (moment: string, { evaluate } = daily) =>
    ([evaluate?.({ scheduledTime: new Date(moment), resources: {}, log: {} as never })].flat() as { partitionKey?: string }[]).map(
      (one) => one.partitionKey,
    )
  expect(daily.executionTimezone).toBe('Europe/Berlin')
  expect(daily.evaluate?.({ scheduledTime: new Date('2026-03-28T23:00Z'), resources: {}, log: {} as never })).toMatchObject([
    { partitionKey: '2026-03-28', runKey: '2026-03-28', tags: { team: 'data' } },
  ])
  expect(keysAt('2026-03-29T22:00Z')).toEqual(['2026-03-29'])
  expect(keysAt('2026-10-25T23:00Z')).toEqual(['2026-10-25'])
  expect(daily.evaluate?.({ scheduledTime: new Date('2025-12-31T23:00Z'), resources: {}, log: {} as never })).toMatchObject({
    type: 'skip_reason',
  })
  const multi = declared(multiPartitions({ region: regions, day: dailyPartitions({ start }) }), { forPartitions: 'last' })
  expect(keysAt('2026-01-03T00:00Z', multi)).toEqual(['2026-01-02|x', '2026-01-02|y'])
  const fixed = declared(regions, { forPartitions: 'last', cronSchedule: '0 3 * * *', executionTimezone: 'Europe/Berlin' })
  expect(fixed).toMatchObject({ cronSchedule: '0 3 * * *', executionTimezone: 'Europe/Berlin' })
  expect(keysAt('2026-01-03T00:00Z', fixed)).toEqual(['x', 'y'])
})

test.each<[string, PartitionsDefinition | undefined, Omit<ScheduleOptions<{}>, 'name' | 'job'>]>([
  ['needs a job whose assets have partitions', undefined, { forPartitions: 'last' }],
  ['needs time partitions', dynamicPartitions('names'), { forPartitions: 'last', cronSchedule: '@daily' }],
  [
    'does not accept a dynamic dimension',
    multiPartitions({ a: dynamicPartitions('n'), b: dailyPartitions({ start }) }),
    { forPartitions: 'last' },
  ],
  ['needs time partitions', multiPartitions({ a: dailyPartitions({ start }), b: hourlyPartitions({ start }) }), { forPartitions: 'last' }],
  ['"cronSchedule" of schedule "s" is missing', regions, { forPartitions: 'last' }],
  [
    '"cronSchedule" of schedule "s" cannot be combined with forPartitions',
    dailyPartitions({ start }),
    { forPartitions: 'last', cronSchedule: '@daily' },
  ],
  [
    '"executionTimezone" of schedule "s" cannot be combined with forPartitions',
    dailyPartitions({ start }),
    { forPartitions: 'last', executionTimezone: 'UTC' },
  ],
  [
    '"evaluate" of schedule "s" cannot be combined with forPartitions',
    dailyPartitions({ start }),
    { forPartitions: 'last', evaluate: () => undefined },
  ],
  ['is for daily, weekly, monthly partitions', hourlyPartitions({ start }), { forPartitions: { hourOfDay: 1 } }],
  ['is for weekly partitions', dailyPartitions({ start }), { forPartitions: { dayOfWeek: 1 } }],
  ['must be an integer from 1 to 31', monthlyPartitions({ start }), { forPartitions: { dayOfMonth: 0 } }],
  ['"forPartitions.hour" of schedule "s" does not exist', dailyPartitions({ start }), { forPartitions: { hour: 1 } as never }],
  ['"forPartitions" of schedule "s" must be', dailyPartitions({ start }), { forPartitions: 'first' as never }],
  ['"cronSchedule" of schedule() is missing', undefined, {}],
])('%s', async (reason, partitions, options) => {
  expect((await thrownBy(() => declared(partitions, options))).message.replace(/ \([^)]*test\.ts[^)]*\)/, '')).toContain(reason)
})
