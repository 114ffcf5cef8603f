import { describe, expect, test } from 'vitest'
import { noStorage } from '../../../../../tests/support/resource-context.ts'
import type { StepLog } from '../../definitions/assets/step-log.ts'
import { type Resource, resource } from '../../definitions/resource.ts'
import { dagmaError } from '../../errors.ts'
import { thrownBy } from '../../test/temporary.ts'
import { RunResources } from './run-resources.ts'

/** Resources of one run, with what they did and logged. */
function run(...bound: [name: string, settings?: { fails?: string | Error; closeFails?: string; after?: Promise<void> }][]) {
  const noted: string[] = []
  const noting = (level: string) => (message: string) => void noted.push(`${level}: ${message}`)
  const log = Object.fromEntries(['debug', 'info', 'warning', 'error', 'critical'].map((level) => [level, noting(level)])) as StepLog
  const make = (name: string, settings: { fails?: string | Error; closeFails?: string; after?: Promise<void> } = {}) =>
    resource<typeof settings, { name: string }>({
      open: async ({ fails, after }) => {
        await after
        noted.push(`open ${name}`)
        if (fails !== undefined) throw fails instanceof Error ? fails : new Error(fails)
        return { name }
      },
      close: (client) => {
        noted.push(`close ${client.name}`)
        if (settings.closeFails !== undefined) throw new Error(settings.closeFails)
      },
    })(settings)
  const resources = new Map<string, Resource<unknown>>(bound.map(([name, settings]) => [name, make(name, settings)]))
  const context = { runId: 'r', projectFolder: '/project', log, signal: new AbortController().signal, storage: noStorage }
  return { noted, resources: new RunResources(resources, context) }
}

describe('RunResources', () => {
  test('opens each once, also when steps ask at the same time, and closes in reverse', async () => {
    const { noted, resources } = run(['a'], ['b'], ['unused'])
    const [first, second] = await Promise.all([resources.clients(['a', 'b']), resources.clients(['b', 'a'])])
    expect(first.a).toBe(second.a)
    expect(Object.keys(first)).toEqual(['a', 'b'])
    await resources.clients(['a'])
    await resources.close()
    await resources.close()
    expect(noted).toEqual(['open a', 'open b', 'close b', 'close a'])
  })

  test('closes the others when closing one fails, and logs that', async () => {
    const { noted, resources } = run(['a'], ['b', { closeFails: 'stuck' }], ['c'])
    await resources.clients(['a', 'b', 'c'])
    await resources.close()
    expect(noted.slice(3)).toEqual(['close c', 'close b', 'warning: A resource could not be closed: stuck', 'close a'])
  })

  test('an error of Dagma’s own that a resource throws is said once, its hint in the cause', async () => {
    const { resources } = run(['a', { fails: dagmaError('DAGMA_URL_INVALID', { what: 'SHOP_URL', reason: 'is not a URL' }) }])
    const error = await thrownBy(() => resources.clients(['a']))
    expect(error.message).toBe('The resource "a" could not be opened: SHOP_URL is not a URL. Check its settings. [DAGMA_RESOURCE_FAILED]')
    expect(error.cause).toMatchObject({ code: 'DAGMA_URL_INVALID' })
  })

  test('closes what was opened when another could not be', async () => {
    const { noted, resources } = run(['a'], ['b', { fails: 'no route to host' }])
    const error = await thrownBy(() => resources.clients(['a', 'b']))
    expect(error).toMatchObject({ code: 'DAGMA_RESOURCE_FAILED', kind: 'user_code', cause: { message: 'no route to host' } })
    expect(error.message).toMatchInlineSnapshot(
      `"The resource "b" could not be opened: no route to host. Check its settings. [DAGMA_RESOURCE_FAILED]"`,
    )
    await resources.close()
    expect(noted).toEqual(['open a', 'open b', 'close a'])
  })

  test('waits at the end for what is still opening, and closes it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { noted, resources } = run(['slow', { after: promise }])
    const clients = resources.clients(['slow'])
    const closing = resources.close()
    resolve()
    await Promise.all([clients, closing])
    expect(noted).toEqual(['open slow', 'close slow'])
  })

  test('settings may be made late', async () => {
    let asked = 0
    const late = resource<{ n: number }, number>({ open: ({ n }) => n })(() => ({ n: ++asked }))
    expect(asked).toBe(0)
    const { resources: _, ...context } = {
      ...run(),
      runId: 'r',
      projectFolder: '/',
      signal: new AbortController().signal,
      storage: noStorage,
    }
    const opened = await late.open({ ...context, log: {} as StepLog })
    expect(opened.client).toBe(1)
    await opened.close()
  })

  test('one that is not bound is our mistake: definitions() checks', async () => {
    expect(await thrownBy(() => run().resources.clients(['x']))).toMatchObject({ code: 'DAGMA_INTERNAL', kind: 'internal' })
  })
})
