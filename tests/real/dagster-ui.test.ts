import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowExecutable, startMlflow } from '../../scripts/test-services/mlflow.ts'
import type { TestService } from '../../scripts/test-services/service.ts'
import { openBrowser, screenshot } from '../support/browser.ts'
import { DagsterUi } from '../support/dagster-ui.ts'
import { type DevServer, startDev } from '../support/dev-server.ts'
import { lacks, needsChromium, needsProc, needsPython } from '../support/needs.ts'
import { takePort } from '../support/ports.ts'
import { whatIsLeft } from '../support/processes.ts'
import { platformProject, type TestProject } from '../support/test-project.ts'

/** The metadata of the specification, as the pages of the assets show it: Qdrant and LangFlow in their local backend, MLflow real. */
const shownOnPages: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  raw_numbers: { count: /^4$/, preview: /^\[1,2,3,4\]$/ },
  sum_numbers: { input_count: /^4$/, result: /^10$/ },
  train_model_stub: {
    params_count: /^2$/,
    metrics_count: /^3$/,
    artifact_uploaded: /^true$/,
    backend: /^mlflow$/,
    mlflow_tracking_uri: /^http:/,
    mlflow_run_url: /^http:/,
  },
  embed_texts_stub: { texts_count: /^\d+$/, documents_count: /^\d+$/, dimensions: /^\d+$/ },
  qdrant_upsert: { points_count: /^\d+$/, collection: /^dagma_docs$/, backend: /^local$/ },
  qdrant_search: { returned: /^3$/, collection: /^dagma_docs$/, backend: /^local$/ },
  langflow_run_flow: { default_flow_id: /^\S+$/, backend: /^local$/ },
}

/** Never a link to a server that nobody configured. */
const absentFromPages: Readonly<Record<string, readonly string[]>> = {
  qdrant_upsert: ['qdrant_collection_url'],
  qdrant_search: ['qdrant_search_endpoint'],
  langflow_run_flow: ['langflow_ui_url'],
}

/** The expectations that are the same for every page. */
const constants = ['event_type', 'status', 'retry_count']

describe.skipIf(lacks(needsPython(), needsChromium(), needsProc(), mlflowExecutable() ? '' : 'there is no MLflow.'))(
  'the Dagster UI',
  () => {
    let project: TestProject
    let mlflow: TestService
    let dev: DevServer
    let browser: Browser
    let ui: DagsterUi

    beforeAll(async () => {
      project = platformProject()
      mlflow = await startMlflow()
      dev = await startDev(project, { MLFLOW_USE_TRACKING: 'true', MLFLOW_TRACKING_URI: mlflow.url, MLFLOW_UI_BASE_URL: mlflow.url })
      browser = await openBrowser()
      ui = await DagsterUi.open(await browser.newPage({ viewport: { width: 1600, height: 1000 } }), dev.address)
    })

    afterAll(async () => {
      await browser?.close()
      dev?.running.kill()
      await mlflow?.stop()
      project?.[Symbol.dispose]()
    })

    it('shows the three groups', async () => {
      await ui.section('Lineage')
      for (const group of ['data', 'llm', 'models']) await ui.page.getByText(group, { exact: true }).first().waitFor()
      await ui.page.getByText('fetching statuses').first().waitFor({ state: 'detached' })
      await screenshot(ui.page, '1-groups')
    })

    it.each(['run_llm_rag_job', 'run_models_train_job', 'run_langflow_job'])('runs %s from the Jobs page', async (job) => {
      expect(await ui.launchJob(job)).toBe('Success')
      await screenshot(ui.page, `2-${job}`)
    })

    it('materializes a group from its page', async () => {
      await ui.goto('/locations/dagma.definitions/asset-groups/data/lineage')
      await ui.page.getByText('sum_numbers').first().waitFor()
      expect(await ui.materializeShown()).toBe('Success')
    })

    it.each(Object.entries(shownOnPages))('shows the metadata of %s', async (key, expected) => {
      const shown = await ui.assetMetadata(key)
      await screenshot(ui.page, `3-${key}`)
      for (const [name, text] of Object.entries(expected)) expect(shown.get(name)?.text.replace(/\s/g, ''), name).toMatch(text)
      for (const name of [...constants, ...(absentFromPages[key] ?? [])]) expect([...shown.keys()]).not.toContain(name)
      for (const [name, { text, href }] of shown) if (name.endsWith('_url')) expect(href, name).toBe(text)
    })

    it('leads by a link to the MLflow page of the very run', async () => {
      const shown = await ui.assetMetadata('train_model_stub')
      const runId = shown.get('mlflow_run_url')?.href?.split('/').at(-1) ?? ''
      expect(runId).toMatch(/^[0-9a-f]{32}$/)
      const opened = ui.page.waitForEvent('popup')
      await ui.page.locator('tr').filter({ hasText: 'mlflow_run_url' }).locator('a[href]').first().click()
      const page = await opened
      for (const text of [runId, 'train_model_stub', 'learning_rate', 'slope'])
        await page.getByText(text, { exact: true }).first().waitFor()
      await screenshot(page, '4-mlflow-run')
      await page.close()
    })

    it('leads from an asset to its trace in MLflow, and from there back to the asset, by one click each', async () => {
      await ui.assetMetadata('qdrant_search')
      const opened = ui.page.waitForEvent('popup')
      await ui.page.locator('tr').filter({ hasText: 'mlflow_trace_url' }).locator('a[href]').first().click()
      const page = await opened
      await page.setViewportSize({ width: 1600, height: 1000 })
      await page.getByText('run run_llm_rag_job', { exact: true }).first().waitFor()
      for (const span of ['step embed_texts_stub', 'step qdrant_search', 'local embed texts'])
        await page.getByText(span, { exact: true }).first().waitFor()
      const back = await page.locator(`a[href="${dev.address}/assets/qdrant_search"]`).first().getAttribute('href')
      await screenshot(page, '4-mlflow-trace')
      await page.getByText('qdrant find points', { exact: true }).first().dispatchEvent('click')
      await page.getByText('score').first().waitFor()
      await screenshot(page, '4-mlflow-trace-retrieval')
      await page.goto(back ?? '')
      await page.getByText('mlflow_trace_url').first().waitFor()
      await page.close()
    })

    it('draws the lineage', async () => {
      await ui.goto('/locations/dagma.definitions/asset-groups/llm/lineage')
      for (const key of ['embed_texts_stub', 'qdrant_upsert', 'qdrant_search', 'answer_question', 'langflow_run_flow'])
        await ui.page.getByText(key, { exact: true }).first().waitFor()
      const arrows = ui.page.locator('svg path[marker-end]')
      await arrows.first().waitFor({ state: 'attached' })
      expect(await arrows.count()).toBe(3)
      await screenshot(ui.page, '5-lineage')
    })

    it('has the schedule at two in the morning', async () => {
      await ui.section('Automation')
      await ui.page.getByText('run_langflow_daily').first().click()
      await ui.page.getByText('At 02:00 AM UTC').first().waitFor()
      await ui.page.getByText('0 2 * * *').first().waitFor()
      await screenshot(ui.page, '6-schedule')
    })

    it('ends on Ctrl-C, with no process left and the port free', async () => {
      expect(dev.running.family().length).toBeGreaterThan(3)
      dev.running.child.kill('SIGINT')
      expect((await dev.running.ended).code).toBe(0)
      expect(await whatIsLeft(dev.running)).toEqual([])
      const { server } = await takePort(dev.port)
      server.close()
    })
  },
)
