import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TimePartitions } from './partition-types.ts'
import { dailyPartitions, hourlyPartitions, monthlyPartitions, weeklyPartitions } from './partitions.ts'
import { TimeWindows } from './time-windows.ts'
import { localTime } from './window-grid.ts'

const now = new Date('2027-06-01T00:00:00Z')
const minuteOffset = fc.constantFrom(0, 0, 15, 59)
const hourOffset = fc.constantFrom(0, 0, 1, 2, 3, 23)
const common = {
  start: fc
    .date({ min: new Date('1990-01-01'), max: new Date('2026-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  timezone: fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
  minuteOffset,
}
const partitions: fc.Arbitrary<TimePartitions> = fc.oneof(
  fc.record(common).map(hourlyPartitions),
  fc.record({ ...common, hourOffset }).map(dailyPartitions),
  fc.record({ ...common, hourOffset, dayOffset: fc.integer({ min: 0, max: 6 }) }).map(weeklyPartitions),
  fc.record({ ...common, hourOffset, dayOffset: fc.integer({ min: 1, max: 28 }) }).map(monthlyPartitions),
)

test('in every zone, windows follow each other, and each is found by its key and by the moments in it', () => {
  fc.assert(
    fc.property(partitions, fc.double({ min: 0, max: 1, noNaN: true }), (definition, where) => {
      const windows = TimeWindows.of(definition)
      const { first, last } = windows.existing(now)
      const index = first + Math.floor((last - first) * where)
      const [start, end] = [windows.startOf(index), windows.startOf(index + 1)]
      expect(end).toBeGreaterThanOrEqual(start)
      expect(windows.find(windows.keyOf(index), now)).toBe(index)
      if (end > start) expect(windows.overlapping(start, end, false)).toEqual({ first: index, last: index })
      expect(windows.keyOf(index) < windows.keyOf(index + 1) || definition.kind === 'hourly').toBe(true)
    }),
    { numRuns: 400 },
  )
})

test('the first window is the first from the start on', () => {
  fc.assert(
    fc.property(partitions, (definition) => {
      const windows = TimeWindows.of(definition)
      const { first } = windows.existing(now)
      expect(windows.keyOf(first) >= definition.start).toBe(true)
      expect(windows.keyOf(first - 1).slice(0, 10) <= definition.start).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test('only dates and times that exist are read', () => {
  for (const text of [
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-01-32',
    '26-01-01',
    '2026-01-01-24:00',
    '2026-01-01-00:60',
    ' 2026-01-01',
    '',
  ])
    expect(localTime(text), text).toBeUndefined()
  expect(localTime('2028-02-29')).toBe(Date.UTC(2028, 1, 29))
  expect(localTime('2026-01-31-23:59')).toBe(Date.UTC(2026, 0, 31, 23, 59))
})
