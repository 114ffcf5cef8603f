import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/temporary.ts'
import { EventLog } from './event-log.ts'

function keysOf(projectFolder: string): string[] {
  using log = EventLog.openToRead(projectFolder)
  return log.dynamicPartitions('names')
}

test('processes that add at the same time lose no key and double none', async () => {
  const folder = temporaryFolder()
  EventLog.open(folder)[Symbol.dispose]()
  const script = (first: number) => `
    import { EventLog } from '${import.meta.dirname}/event-log.ts'
    using log = EventLog.open('${folder}')
    for (let key = ${first}; key < ${first} + 200; key++) log.changeDynamicPartitions({ partitions: 'names', add: [String(key)] })`
  const ended = await Promise.all(
    [0, 100, 200].map((first) =>
      once(spawn(process.execPath, ['--input-type=module-typescript', '-e', script(first)], { stdio: 'inherit' }), 'exit'),
    ),
  )
  expect(ended.map(([code]) => code)).toEqual([0, 0, 0])
  expect(
    keysOf(folder)
      .map(Number)
      .sort((a, b) => a - b),
  ).toEqual(Array.from({ length: 400 }, (_, key) => key))
})
