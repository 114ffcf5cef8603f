import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium as engine, type Page } from 'playwright-core'
import { chromium } from './needs.ts'
import { testOutput } from './repository.ts'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts a real browser without a window. */
export function openBrowser(more: readonly string[] = []): Promise<Browser> {
  return engine.launch({ executablePath: chromium, headless: true, args: [...flags, ...more] })
}

/** Keeps a picture of the page among the tests' output. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = join(testOutput, 'screenshots')
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`) })
}
