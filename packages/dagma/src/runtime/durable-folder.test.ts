import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary.ts'
import { whenSynced } from './durable-folder.ts'

test('who asks while a sync is going on gets the next one, which begins when that has ended', async () => {
  const folder = temporaryFolder()
  const ends: string[] = []
  const first = whenSynced(folder)
  const second = whenSynced(folder)
  expect(second).not.toBe(first)
  expect(whenSynced(folder)).toBe(second)
  await Promise.all([first.then(() => ends.push('first')), second.then(() => ends.push('second'))])
  expect(ends).toEqual(['first', 'second'])
  const later = whenSynced(folder)
  expect(later).not.toBe(second)
  await later
})

test('a sync that fails says so to all who share it, and the next one is tried', async () => {
  const file = join(temporaryFolder(), 'none')
  const ended = await Promise.allSettled([1, 2, 3].map(() => whenSynced(file)))
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
})
