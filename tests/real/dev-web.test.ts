import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { type DevServer, startDev } from '../support/dev-server.ts'
import { graphql, launchRun } from '../support/graphql.ts'
import { lacks, needsChromium, needsPython } from '../support/needs.ts'
import { smallProject, type TestProject } from '../support/test-project.ts'

const definitions = `
import { asset, definitions, job } from 'dagma'
export default definitions({ assets: [asset({ key: 'one', run: () => 1 })], jobs: [job({ name: 'one_job', selection: '*' })] })
`

const launch = `mutation { launchRun(executionParams: { selector: {
  repositoryLocationName: "dagma.definitions", repositoryName: "__repository__", jobName: "one_job" } }) { __typename } }`

/** The script of a page: every request that it can send without permission. Returns whether a websocket was opened. */
const attackWith = (addresses: object): string => `(async ({ mutation, report, socket }) => {
  const quietly = { mode: 'no-cors', credentials: 'include' }
  const loaded = (element, properties) => new Promise((resolve) => {
    document.body.append(Object.assign(document.createElement(element), properties, { onload: resolve, onerror: resolve }))
  })
  const submitted = () => {
    const framed = loaded('iframe', { name: 'target' })
    const form = Object.assign(document.createElement('form'), { action: report, method: 'POST', target: 'target' })
    document.body.append(form)
    form.submit()
    return framed
  }
  navigator.sendBeacon(report)
  await Promise.allSettled([
    fetch(mutation, quietly),
    fetch(mutation, { ...quietly, method: 'POST', body: '' }),
    fetch(report, { ...quietly, method: 'POST' }),
    fetch(report, { method: 'POST' }),
    loaded('img', { src: mutation }),
    loaded('script', { src: mutation }),
    loaded('iframe', { src: mutation }),
    submitted(),
  ])
  return new Promise((resolve) => {
    const opened = new WebSocket(socket, 'graphql-ws')
    opened.onopen = () => resolve(true)
    opened.onerror = () => resolve(false)
  })
})(${JSON.stringify(addresses)})`

describe.skipIf(lacks(needsPython(), needsChromium()))('the web server of dagma dev', () => {
  let project: TestProject
  let dev: DevServer
  let browser: Browser
  let elsewhere: Server
  /** A page of another origin, on another port of this machine. */
  let foreign: string

  beforeAll(async () => {
    project = smallProject(definitions)
    // Named like modules that Dagster's web server and its runs import.
    for (const file of ['gql.py', 'queue.py', 'yaml.py'])
      writeFileSync(join(project.folder, file), 'raise ImportError("a file of the project")')
    dev = await startDev(project)
    elsewhere = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><body>'))
    elsewhere.listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    foreign = `http://evil.test:${(elsewhere.address() as AddressInfo).port}/`
    browser = await openBrowser(['--host-resolver-rules=MAP *.test 127.0.0.1'])
  })

  afterAll(async () => {
    await browser?.close()
    elsewhere?.close()
    dev?.running.kill()
    project?.[Symbol.dispose]()
  })

  const what =
    '{ runsOrError { ... on Runs { results { runId } } } assetRecordsOrError { ... on AssetRecordConnection { assets { id } } } }'
  const recorded = async (): Promise<string> => (await graphql(dev.address, what)).text
  const addresses = (): Record<'mutation' | 'report' | 'socket', string> => ({
    mutation: `${dev.address}/graphql?query=${encodeURIComponent(launch)}`,
    report: `${dev.address}/report_asset_materialization/one`,
    socket: `${dev.address.replace('http', 'ws')}/graphql`,
  })

  const attack = (page: Page): Promise<boolean> => page.evaluate(attackWith(addresses()))

  it('does nothing for a page of another origin', async () => {
    const before = await recorded()
    const page = await browser.newPage()
    await page.goto(foreign)
    expect(await attack(page)).toBe(false)
    expect((await page.goto(addresses().mutation, { referer: foreign }))?.status()).toBe(403)
    expect(await recorded()).toBe(before)
  })

  it('does nothing for a host name that was pointed at this machine', async () => {
    const before = await recorded()
    const page = await browser.newPage()
    const answer = await page.goto(`http://rebound.test:${dev.port}/`)
    expect(answer?.status()).toBe(403)
    expect(await answer?.text()).toContain('is not this machine')
    const sameOrigin = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: launch }) }
    const status = await page.evaluate(`fetch('/graphql', ${JSON.stringify(sameOrigin)}).then((answer) => answer.status)`)
    expect(status).toBe(403)
    expect(await attack(page)).toBe(false)
    expect(await recorded()).toBe(before)
  })

  it('serves its own page, links to it, and programs', async () => {
    const page = await browser.newPage()
    await page.goto(foreign)
    await page.setContent(`<a href="${dev.address}/runs">the runs</a>`)
    const socket = page.waitForEvent('websocket')
    await page.getByText('the runs').click()
    await page.getByText('All runs').or(page.getByText('Runs')).first().waitFor()
    expect((await socket).url()).toContain('/graphql')
    expect(await launchRun(dev.address, 'one_job')).toMatch(/^[0-9a-f-]{36}$/)
    const reported = await fetch(addresses().report, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    expect(reported.status).toBe(200)
  })
})
