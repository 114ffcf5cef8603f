/** Embedded runs reported to the real Dagster, by Python and over REST, and read back from its web server and its pages. */

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, screenshot } from '../support/browser.ts'
import { byLabel, evaluationsOfCheck, eventsOfAsset } from '../support/dagster-assets.ts'
import { DagsterUi } from '../support/dagster-ui.ts'
import { type DevServer, startDev } from '../support/dev-server.ts'
import { lacks, needsChromium, needsPython } from '../support/needs.ts'
import { smallProject, type TestProject } from '../support/test-project.ts'

const definitions = `import { asset, assetCheck, dailyPartitions, definitions, MetadataValue, materializeResult, observableAsset } from 'dagma'

const orders = asset({
  key: 'orders',
  keyPrefix: 'shop',
  run: () => materializeResult([1, 2], { metadata: {
    text: 'plain',
    md: MetadataValue.md('# Orders'),
    json: { a: [1, 2] },
    url: MetadataValue.url('https://example.com/orders/1'),
    path: MetadataValue.path('/data/orders.json'),
    notebook: MetadataValue.notebook('/data/orders.ipynb'),
    count: 4,
    float: 2.5,
    whole_float: MetadataValue.float(3),
    bool: true,
    timestamp: new Date('2026-01-01T00:00:00Z'),
    nothing: null,
    asset: MetadataValue.asset('shop/orders'),
    run: MetadataValue.dagsterRun('0b7a1c52-3c1e-4a35-9f4e-5d1d0c4b6a11'),
    table: MetadataValue.table({ records: [{ day: '2026-01-01', euros: 20 }] }),
    table_schema: MetadataValue.tableSchema({ columns: [{ name: 'day', type: 'string' }] }),
    lineage: MetadataValue.tableColumnLineage({ depsByColumn: { euros: [{ assetKey: 'shop/orders', columnName: 'price' }] } }),
  } }),
})
const positive = assetCheck({ asset: orders, name: 'positive', blocking: true, run: () => ({ passed: true }) })
const fresh = assetCheck({
  asset: orders,
  name: 'fresh',
  run: () => ({ passed: false, severity: 'WARN', description: 'It is two days old.', metadata: { days: 2 } }),
})
const daily = asset({ key: 'daily', partitions: dailyPartitions({ start: '2026-01-01', end: '2026-01-05' }), run: () => 1 })
const feed = observableAsset({ key: 'feed', run: () => ({ dataVersion: '7', metadata: { rows: 9 } }) })
export default definitions({ assets: [orders, daily, feed], checks: [positive, fresh] })
`

/** How Dagster's API names the types of the metadata above. */
const types = {
  text: 'Text',
  md: 'Markdown',
  json: 'Json',
  url: 'Url',
  path: 'Path',
  notebook: 'Notebook',
  count: 'Int',
  float: 'Float',
  whole_float: 'Float',
  bool: 'Bool',
  timestamp: 'Timestamp',
  nothing: 'Null',
  asset: 'Asset',
  run: 'PipelineRun',
  table: 'Table',
  table_schema: 'TableSchema',
  lineage: 'TableColumnLineage',
}

/** Those types as they arrive over REST. */
const plainTypes = {
  ...types,
  md: 'Text',
  url: 'Text',
  path: 'Text',
  notebook: 'Text',
  whole_float: 'Int',
  timestamp: 'Text',
  asset: 'Text',
  run: 'Text',
  table: 'Json',
  table_schema: 'Json',
  lineage: 'Json',
}

interface Report {
  readonly runId: string
  readonly materializations: number
  readonly checks: number
  readonly observations: number
  readonly alreadyThere: number
}

interface Ran {
  readonly runId: string
  readonly report: Report
}

describe.skipIf(lacks(needsPython()))('embedded runs reported to Dagster', () => {
  let project: TestProject
  let dev: DevServer

  beforeAll(async () => {
    project = smallProject(definitions)
    writeFileSync(join(project.folder, 'queue.py'), 'raise ImportError("a file of the project")') // named like a module of Python
    dev = await startDev(project)
  })
  afterAll(() => {
    dev?.running.kill()
    project?.[Symbol.dispose]()
  })

  const typesOf = (metadata: ReturnType<typeof byLabel>) => Object.fromEntries(Object.keys(types).map((key) => [key, metadata[key]?.[0]]))

  describe('by Python', () => {
    it('have their metadata typed', async () => {
      const { runId, report } = await project.dagmaJson<Ran>(['asset', 'materialize', '-s', 'shop/orders', '--report'])
      expect(report).toMatchObject({ runId, materializations: 1, checks: 2, observations: 0, alreadyThere: 0 })
      const { materializations } = await eventsOfAsset(dev.address, 'shop/orders')
      expect(materializations).toHaveLength(1)
      const metadata = byLabel(materializations[0]?.metadataEntries ?? [])
      expect(typesOf(metadata)).toEqual(types)
      expect(metadata).toMatchObject({
        url: ['Url', 'https://example.com/orders/1'],
        md: ['Markdown', '# Orders'],
        json: ['Json', '{"a": [1, 2]}'],
        count: ['Int', '4'],
        timestamp: ['Timestamp', 1767225600],
        asset: ['Asset', { path: ['shop', 'orders'] }],
        table: ['Table', { records: ['{"day": "2026-01-01", "euros": 20}'] }],
        latency_ms: ['Float', expect.any(Number)],
        'dagma/run_id': ['Text', runId],
        'dagma/time': ['Timestamp', expect.any(Number)],
      })
    })

    it('have their checks, passed and failed', async () => {
      const [[positive], [fresh]] = await Promise.all([
        evaluationsOfCheck(dev.address, 'shop/orders', 'positive'),
        evaluationsOfCheck(dev.address, 'shop/orders', 'fresh'),
      ])
      expect(positive).toMatchObject({ success: true, severity: 'ERROR' })
      expect(fresh).toMatchObject({ success: false, severity: 'WARN', description: 'It is two days old.' })
      expect(byLabel(fresh?.metadataEntries ?? [])).toMatchObject({ days: ['Int', '2'] })
    })

    it('have their partitions, their observations and data versions', async () => {
      const range = '2026-01-02...2026-01-03'
      expect((await project.dagma(['asset', 'materialize', '-s', 'daily', '--partition-range', range, '--report'])).code).toBe(0)
      const { materializations } = await eventsOfAsset(dev.address, 'daily')
      expect(materializations.map(({ partition }) => partition).sort()).toEqual(['2026-01-02', '2026-01-03'])
      expect((await project.dagma(['asset', 'observe', '-s', 'feed', '--report'])).code).toBe(0)
      const { observations } = await eventsOfAsset(dev.address, 'feed')
      expect(observations).toMatchObject([{ tags: expect.arrayContaining([{ key: 'dagster/data_version', value: '7' }]) }])
      expect(byLabel(observations[0]?.metadataEntries ?? [])).toMatchObject({ rows: ['Int', '9'] })
    })

    it('are not reported twice, whichever way is used', async () => {
      const runs = (await project.dagmaJson<Ran[]>(['run', 'list'])).map(({ runId }) => runId)
      for (const to of [[], ['--to', dev.address]]) {
        const { code, stdout } = await project.dagma(['report', ...runs, ...to])
        expect([code, stdout.match(/nothing to report/g)?.length]).toEqual([0, runs.length])
      }
      expect((await eventsOfAsset(dev.address, 'shop/orders')).materializations).toHaveLength(1)
      expect(await evaluationsOfCheck(dev.address, 'shop/orders', 'fresh')).toHaveLength(1)
      expect((await eventsOfAsset(dev.address, 'feed')).observations).toHaveLength(1)
    })
  })

  describe('over REST', () => {
    it('arrive as plain JSON, which is said', async () => {
      const { code, stdout } = await project.dagma(['asset', 'materialize', '-s', 'shop/orders', '--to', dev.address])
      expect([code, stdout]).toEqual([0, expect.stringContaining('Over REST, metadata arrives as plain text, numbers and JSON')])
      const { materializations } = await eventsOfAsset(dev.address, 'shop/orders')
      expect(materializations).toHaveLength(2)
      const metadata = byLabel(materializations[0]?.metadataEntries ?? [])
      expect(typesOf(metadata)).toEqual(plainTypes)
      expect(metadata).toMatchObject({ url: ['Text', 'https://example.com/orders/1'], timestamp: ['Text', '2026-01-01T00:00:00.000Z'] })
      const [fresh] = await evaluationsOfCheck(dev.address, 'shop/orders', 'fresh')
      expect(fresh).toMatchObject({ success: false, severity: 'WARN', description: null })
      expect(byLabel(fresh?.metadataEntries ?? [])).toMatchObject({ description: ['Text', 'It is two days old.'] })
    })

    it('have partitions and data versions, and are not reported twice either', async () => {
      const env = { DAGSTER_URL: `${dev.address}/` }
      await project.dagma(['asset', 'materialize', '-s', 'daily', '--partition', '2026-01-04', '--report'], { env })
      await project.dagma(['asset', 'observe', '-s', 'feed', '--report'], { env })
      const runs = (await project.dagmaJson<Ran[]>(['run', 'list', '-n', '3'])).map(({ runId }) => runId)
      expect((await project.dagma(['report', ...runs], { env })).stdout.match(/nothing to report/g)).toHaveLength(3)
      expect((await project.dagma(['report', ...runs])).stdout.match(/nothing to report/g)).toHaveLength(3)
      const { materializations } = await eventsOfAsset(dev.address, 'daily')
      expect(materializations.map(({ partition }) => partition).sort()).toEqual(['2026-01-02', '2026-01-03', '2026-01-04'])
      const { observations } = await eventsOfAsset(dev.address, 'feed')
      expect(observations).toHaveLength(2)
      expect(observations[0]?.tags).toContainEqual({ key: 'dagster/data_version', value: '7' })
    })

    it('of assets that Dagster does not know are taken', async () => {
      using other = smallProject(definitions.replaceAll("'feed'", "'stranger'"))
      expect((await other.dagma(['asset', 'observe', '-s', 'stranger', '--to', dev.address])).code).toBe(0)
      expect((await eventsOfAsset(dev.address, 'stranger')).observations).toHaveLength(1)
    })
  })

  it.skipIf(lacks(needsChromium()))('stand on the asset’s page', async () => {
    await project.dagma(['asset', 'materialize', '-s', 'shop/orders', '--report'])
    const browser = await openBrowser()
    try {
      const ui = await DagsterUi.open(await browser.newPage({ viewport: { width: 1600, height: 1400 } }), dev.address)
      const shown = await ui.assetMetadata('shop/orders')
      await screenshot(ui.page, 'report-asset')
      expect(shown.get('url')).toEqual({ text: 'https://example.com/orders/1', href: 'https://example.com/orders/1' })
      expect(shown.get('count')?.text).toBe('4')
      expect(shown.get('dagma/run_id')?.text).toMatch(/^[0-9a-f-]{36}$/)
      await ui.goto('/assets/shop/orders?view=checks')
      await ui.page.getByText('It is two days old.').first().waitFor()
      await screenshot(ui.page, 'report-checks')
      await ui.goto('/assets/daily?view=partitions')
      await ui.page.getByText('2026-01-03').first().waitFor()
      await screenshot(ui.page, 'report-partitions')
    } finally {
      await browser.close()
    }
  })
})

const count = 400
const many = `import { asset, definitions } from 'dagma'
export default definitions({ assets: Array.from({ length: ${count} }, (_, index) => asset({ key: 'asset_' + index, run: () => index })) })
`

describe.skipIf(lacks(needsPython()))('a reporter that is killed', () => {
  let project: TestProject
  beforeAll(() => {
    project = smallProject(many)
  })
  afterAll(() => project?.[Symbol.dispose]())

  /** Materializations in Dagster's database, by asset. */
  const materialized = (): number[] => {
    const file = join(project.dagsterHome, 'history', 'runs', 'index.db')
    if (!existsSync(file)) return []
    using database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 })
    if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'event_logs'").get() === undefined) return []
    const rows = database.prepare(
      "SELECT count(*) AS n FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION' GROUP BY asset_key",
    )
    return rows.all().map(({ n }) => Number(n))
  }

  it('leaves what the next one completes', async () => {
    expect((await project.dagma(['asset', 'materialize', '-s', '*'])).code).toBe(0)
    const killed = project.startDagma(['report'])
    await killed.until(() => materialized().length >= 20)
    killed.kill()
    await killed.ended
    const before = materialized().length
    expect(before).toBeLessThan(count)
    const [report] = await project.dagmaJson<[Report]>(['report'])
    expect(report.materializations + report.alreadyThere).toBe(count)
    expect(report.alreadyThere).toBeGreaterThanOrEqual(20)
    expect(materialized()).toEqual(Array.from({ length: count }, () => 1))
  })
})
