import type { Locator, Page } from 'playwright-core'

/** A metadata value as the page of an asset shows it. */
export interface ShownValue {
  readonly text: string
  /** Where a click on it leads; undefined when it is not a link. */
  readonly href: string | undefined
}

/** Actions of a person in Dagster's UI. */
export class DagsterUi {
  readonly page: Page
  readonly #address: string

  private constructor(page: Page, address: string) {
    this.page = page
    this.#address = address
  }

  static async open(page: Page, address: string): Promise<DagsterUi> {
    await page.addLocatorHandler(page.getByRole('button', { name: 'Skip' }), (skip) => skip.click()) // an invitation to a newsletter
    await page.goto(address, { waitUntil: 'domcontentloaded' })
    return new DagsterUi(page, address)
  }

  /** Opens a section by the navigation at the left. */
  async section(name: 'Overview' | 'Runs' | 'Catalog' | 'Jobs' | 'Automation' | 'Lineage'): Promise<void> {
    await this.page
      .locator('a[href]')
      .filter({ hasText: new RegExp(`^${name}$`) })
      .first()
      .click()
  }

  /** Launches a job from the Jobs page, and waits on the run's page for its end, which it gives. */
  async launchJob(name: string): Promise<string> {
    await this.section('Jobs')
    await this.page
      .locator('a[href*="/jobs/"]')
      .filter({ hasText: new RegExp(`^${name}$`) })
      .first()
      .click()
    await this.page.waitForURL(`**/jobs/${name}`)
    const end = await this.materializeShown()
    await this.page.getByText(`Run of ${name}`).first().waitFor()
    return end
  }

  /** Materializes what the page shows by its own button, and waits on the run's page for the run's end, which it gives. */
  async materializeShown(): Promise<string> {
    await this.launch(() => this.button(/^Materialize( all)?$/).click())
    return this.runEnd()
  }

  /** A button by what it says. Its accessible name has its icon's name before that. */
  button(text: RegExp): Locator {
    return this.page.locator('button').filter({ hasText: text })
  }

  /** Opens the menu beside a button, and chooses from it. */
  async chooseBeside(button: Locator, choice: string): Promise<void> {
    await button.locator('xpath=following::button[1]').click()
    await this.page.getByRole('menuitem').filter({ hasText: choice }).click()
  }

  /** Does what launches a run, and continues to the run's page by the link that the page offers then. */
  async launch(action: () => Promise<void>): Promise<void> {
    const before = await this.#launched()
    await action()
    const id = await this.#until(async () => (await this.#launched()).find((one) => !before.includes(one)))
    await this.page.locator(`a[href*="/runs/${id}"]`).first().click()
    await this.page.waitForURL(`**/runs/${id}*`)
  }

  /** The id of the run whose page is shown. */
  get shownRunId(): string {
    return /\/runs\/([0-9a-f-]+)/.exec(this.page.url())?.[1] ?? ''
  }

  /** Waits on a run's page for the run's end, and gives it. */
  async runEnd(): Promise<string> {
    const end = this.page.getByText(/^(?:Success|Failure|Canceled)$/).first()
    await end.waitFor({ timeout: 60_000 })
    return end.innerText()
  }

  /** Opens the page of an asset from the catalog, and reads the metadata of its latest materialization. */
  async assetMetadata(key: string): Promise<ReadonlyMap<string, ShownValue>> {
    await this.section('Catalog')
    await this.page.locator(`a[href="/assets/${key}"]`).first().click()
    await this.page.waitForURL(`**/assets/${key}*`)
    await this.page.locator('tr').filter({ hasText: 'latency_ms' }).waitFor()
    const shown = new Map<string, ShownValue>()
    for (const row of await this.page.locator('tr').all()) {
      const cells = await row.locator('td').all()
      const [name, , value] = cells
      if (name !== undefined && value !== undefined) shown.set(await name.innerText(), await shownValue(value))
    }
    return shown
  }

  /** Runs of which the page says that it launched them. */
  async #launched(): Promise<string[]> {
    const messages = await this.page.getByText(/^Launched run \w+/).allInnerTexts()
    return messages.flatMap((text) => /Launched run (\w+)/.exec(text)?.[1] ?? [])
  }

  async #until<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await this.page.waitForTimeout(50)) {
      const found = await look()
      if (found !== undefined) return found
    }
    throw new Error('The page does not say that it launched a run.')
  }

  /** Opens a page by its path. */
  async goto(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.#address).href, { waitUntil: 'domcontentloaded' })
  }
}

async function shownValue(cell: Locator): Promise<ShownValue> {
  const anchor = cell.locator('a[href]').first()
  const href = (await anchor.count()) === 0 ? undefined : await anchor.getAttribute('href')
  return { text: (await cell.innerText()).trim(), href: href ?? undefined }
}
