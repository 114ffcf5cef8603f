/** The documentation site, built as it is published and opened in a browser: search, languages, links, light and dark, accessibility. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, posix } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { openBrowser, screenshot } from '../support/browser.ts'
import { lacks, needsChromium } from '../support/needs.ts'
import { repository } from '../support/repository.ts'

const dist = join(repository, 'site/dist')
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

const axe = readFileSync(join(repository, 'node_modules/axe-core/axe.min.js'), 'utf8')

/** The part of axe-core's report that is read here. */
interface AxeResults {
  readonly violations: readonly {
    readonly help: string
    readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[]
  }[]
}

const run = promisify(execFile)
let files: ReadonlySet<string>

beforeAll(async () => {
  await run(process.execPath, [join(repository, 'site/build.ts')])
  files = new Set(readdirSync(dist, { recursive: true, encoding: 'utf8' }))
})

test('its sources type-check', async () => {
  await run(join(repository, 'node_modules/.bin/tsc'), ['-p', join(repository, 'site')])
})

/** The file at a path of the site; undefined when there is none. */
function fileAt(path: string): string | undefined {
  const name = decodeURIComponent(path).slice(1)
  return [name, posix.join(name, 'index.html'), `${name}.html`].find((file) => files.has(file) && extname(file) !== '')
}

test('every link of every page leads somewhere, and to a heading that is there', () => {
  const pages = [...files].filter((file) => file.endsWith('.html') && file !== '404.html')
  const texts = new Map(pages.map((file) => [file, readFileSync(join(dist, file), 'utf8')]))
  const ids = new Map([...texts].map(([file, text]) => [file, new Set([...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id))]))
  const broken = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/ (?:href|src)="([^"]*)"/g)].flatMap(([, link = '']) => {
      const url = new URL(link, `http://site/${file}`)
      if (url.host !== 'site') return []
      const target = fileAt(url.pathname)
      const anchor = decodeURIComponent(url.hash.slice(1))
      const isThere = target !== undefined && (anchor === '' || ids.get(target)?.has(anchor))
      return isThere ? [] : [`${file}: ${link}`]
    }),
  )
  expect(pages.length).toBeGreaterThan(100)
  expect([...new Set(broken)]).toEqual([])
})

test('llms.txt lists pages that are there, and llms-full.txt has them', () => {
  const index = readFileSync(join(dist, 'llms.txt'), 'utf8')
  const links = [...index.matchAll(/\]\((\/[^)]*)\)/g)].map(([, link = '']) => link)
  expect(links.length).toBeGreaterThan(50)
  expect(links.filter((link) => !files.has(link.slice(1)))).toEqual([])
  expect(readFileSync(join(dist, 'llms-full.txt'), 'utf8')).toContain('# Retries, timeouts')
})

describe.skipIf(lacks(needsChromium()))('in a browser', () => {
  let browser: Browser
  let server: Server
  let address: string

  beforeAll(async () => {
    server = createServer((request, response) => {
      const file = fileAt(new URL(request.url ?? '/', 'http://site').pathname)
      if (file === undefined) return response.writeHead(404).end()
      return response.setHeader('content-type', types[extname(file)] ?? 'text/plain; charset=utf-8').end(readFileSync(join(dist, file)))
    }).listen(0, '127.0.0.1')
    browser = await openBrowser()
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  /** Opens a page of the site. What its console reports as an error, and what it asks for without success, is in `problems`. */
  async function open(path: string, problems: string[]): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.on('console', (message) => message.type() !== 'error' || problems.push(`${path}: ${message.text()}`))
    page.on('pageerror', (error) => problems.push(`${path}: ${error}`))
    page.on('response', (response) => response.ok() || problems.push(`${response.url()}: ${response.status()}`))
    await page.goto(address + path, { waitUntil: 'networkidle' })
    return page
  }

  it('finds a page by words of it, and switches the language', async () => {
    const problems: string[] = []
    const page = await open('/', problems)
    await page.getByRole('button', { name: 'Search' }).first().click()
    await page.getByRole('searchbox').fill('terminate a run')
    await page.locator('#localsearch-list a').first().click()
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(page.url()).not.toBe(`${address}/`)

    await page.goto(`${address}/production.html`)
    await page.getByRole('button', { name: 'Change language' }).hover()
    await page.getByRole('link', { name: '简体中文' }).click()
    await page.getByRole('heading', { level: 1, name: '生产环境' }).waitFor()
    await page.getByRole('button', { name: '搜索' }).first().click()
    await page.getByRole('searchbox').fill('环境变量')
    await page.locator('#localsearch-list a', { hasText: '环境变量' }).first().waitFor()
    await page.close()
    expect(problems).toEqual([])
  })

  it('has no errors, also of accessibility, in light and dark', async () => {
    const problems: string[] = []
    for (const [index, path] of ['/', '/guide/getting-started.html', '/api/dagma-testing.html'].entries()) {
      const page = await open(path, problems)
      await page.evaluate(axe)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await page.locator(colorScheme === 'dark' ? 'html.dark' : 'html:not(.dark)').waitFor()
        const { violations } = await page.evaluate<AxeResults>('axe.run()')
        for (const { help, nodes } of violations)
          problems.push(`${path}, ${colorScheme}: ${help}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)}`)
        await screenshot(page, `site-${colorScheme}-${index}`)
      }
      await page.close()
    }
    expect(problems).toEqual([])
  })
})
