import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { temporaryFolder, thrownBy } from '../../test/temporary.ts'
import { chunkWriter } from './chunk-writer.ts'
import { defaultWriter } from './message-writer.ts'

test('the first message goes at once, what comes within the interval in one chunk, the rest at the end', async () => {
  const chunks: string[] = []
  const writer = chunkWriter({ upload: async (text, index) => void chunks.push(`${index}: ${text}`), intervalSeconds: 3600 })
  writer.write('a')
  while (chunks.length === 0) await sleep(1)
  writer.write('b')
  writer.write('c')
  await writer.close()
  expect(chunks).toEqual(['1: a', '2: b\nc'])
})

test('what comes during an upload waits for the interval too', async () => {
  const chunks: string[] = []
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: stored, resolve: store } = Promise.withResolvers<void>()
  const upload = (text: string, index: number): Promise<void> => {
    chunks.push(`${index}: ${text}`)
    arrive()
    return stored
  }
  const writer = chunkWriter({ upload, intervalSeconds: 3600 })
  writer.write('a')
  await arrived
  writer.write('b')
  store()
  for (let turn = 0; turn < 10; turn++) {
    await new Promise(setImmediate)
    writer.write(`c${turn}`)
  }
  expect(chunks).toEqual(['1: a'])
  await writer.close()
  expect(chunks).toEqual(['1: a', `2: b\n${Array.from({ length: 10 }, (_, turn) => `c${turn}`).join('\n')}`])
})

test('a chunk that failed comes again as it was, under its index, and before all others', async () => {
  const tries: string[] = []
  const upload = async (text: string, index: number): Promise<void> => {
    tries.push(`${index}: ${text}`)
    if (tries.length < 3) throw new Error('not yet')
  }
  const writer = chunkWriter({ upload, intervalSeconds: 0.001 })
  writer.write('a')
  while (tries.length === 0) await sleep(1)
  writer.write('b')
  while (tries.length < 4) await sleep(1)
  await writer.close()
  expect(tries).toEqual(['1: a', '1: a', '1: a', '2: b'])
})

test('what cannot be delivered in the end is an error', async () => {
  const writer = chunkWriter({ upload: () => Promise.reject(new Error('bucket gone')) })
  writer.write('a')
  expect((await thrownBy(() => writer.close())).message).toMatch(/bucket gone\. .*\[DAGMA_PIPES_DELIVERY_FAILED\]$/)
})

test('a path that is a folder gets a file a chunk', async () => {
  const folder = temporaryFolder({})
  const writer = await defaultWriter({ path: folder })
  writer.write('a')
  await writer.close()
  expect(readdirSync(folder)).toEqual(['1.json'])
  expect(readFileSync(join(folder, '1.json'), 'utf8')).toBe('a')
})
