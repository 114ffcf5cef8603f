import { describe, expect, it } from 'vitest'
import { OtlpReceiver } from '../../packages/opentelemetry/src/test/otlp-receiver.ts'
import { canaryFor, LeakSearch, plainCanaryFor } from '../support/canaries.ts'
import { dagsterRuns } from '../support/dagster-instance.ts'
import { startDev } from '../support/dev-server.ts'
import { echoServer } from '../support/echo-server.ts'
import { graphql, launchRun } from '../support/graphql.ts'
import { brokenDefinitions, leakyChildDefinitions, leakyDefinitions } from '../support/leaky-project.ts'
import { lacks, needsPython } from '../support/needs.ts'
import { platformProject, smallProject, type TestProject } from '../support/test-project.ts'

type Env = Readonly<Record<string, string>>

/** Variables of the specification that hold a secret. */
const secretVariables = ['LANGFLOW_API_KEY', 'QDRANT_API_KEY', 'MLFLOW_TRACKING_PASSWORD', 'MLFLOW_TRACKING_TOKEN', 'EMBEDDINGS_API_KEY']
/** Variables of the specification that hold an address, into which someone may write a password. */
const addressVariables = ['MLFLOW_TRACKING_URI', 'MLFLOW_UI_BASE_URL', 'LANGFLOW_BASE_URL', 'QDRANT_URL']

describe.skipIf(lacks(needsPython()))('no secret leaves', () => {
  it('where servers refuse the keys and say them back', async () => {
    using project = platformProject()
    await using server = await echoServer()
    await using receiver = await OtlpReceiver.start()
    const keys = Object.fromEntries(secretVariables.map((name) => [name, canaryFor(name)]))
    const collectorKey = canaryFor('OTEL_EXPORTER_OTLP_HEADERS')
    const env = {
      ...keys,
      MLFLOW_TRACKING_USERNAME: 'someone',
      ...addresses(server.url),
      MLFLOW_USE_TRACKING: 'true',
      LANGFLOW_DEFAULT_FLOW_ID: 'flow',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: `x-key=${encodeURIComponent(collectorKey)}`,
    }
    const search = new LeakSearch({ ...keys, collectorKey })
    await onBothHosts(project, search, env)
    await onBothHosts(project, search, { ...env, MLFLOW_TRACKING_TOKEN: '' }) // the password's turn
    // By itself: what comes after the embedding is skipped, and asks nobody.
    await onBothHosts(project, search, { ...env, EMBEDDINGS_BASE_URL: server.url, EMBEDDINGS_MODEL: 'm' })
    expect(receiver.headers.every((headers) => headers['x-key'] === collectorKey)).toBe(true)
    expect(receiver.spans.filter(({ status, kind }) => status === 2 && kind === 3).length).toBeGreaterThan(8)
    for (const body of receiver.bodies) search.text('spans and metrics', body)
    for (const canary of Object.values(keys)) expect(server.received().split(canary).length - 1, canary).toBeGreaterThanOrEqual(2) // by each host
    expectNoLeak(search)
  })

  it('of an address that has one in it', async () => {
    using project = platformProject()
    await using server = await echoServer()
    const secrets = Object.fromEntries(addressVariables.map((name) => [name, plainCanaryFor(name)]))
    const env = Object.fromEntries(
      Object.entries(secrets).map(([name, secret]) => [name, server.url.replace('//', `//someone:${secret}@`)]),
    )
    const search = new LeakSearch(secrets)
    await onBothHosts(project, search, { ...env, MLFLOW_USE_TRACKING: 'true' })
    await onBothHosts(project, search, { ...env, MLFLOW_TRACKING_URI: server.url, MLFLOW_USE_TRACKING: 'true' })
    const embeddings = { EMBEDDINGS_PASSWORD: plainCanaryFor('EMBEDDINGS_PASSWORD') }
    const inEmbeddings = new LeakSearch(embeddings)
    const address = server.url.replace('//', `//someone:${embeddings.EMBEDDINGS_PASSWORD}@`)
    await onBothHosts(project, inEmbeddings, { EMBEDDINGS_BASE_URL: address, EMBEDDINGS_MODEL: 'm' })
    expectNoLeak(inEmbeddings)
    expectNoLeak(search)
  })

  it('by definitions that log, print, throw and return it, wherever they can', async () => {
    using project = smallProject(leakyDefinitions)
    await using receiver = await OtlpReceiver.start()
    const env = { CANARY_KEY: canaryFor('CANARY_KEY') }
    const traced = { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
    const search = new LeakSearch(env)
    await onBothHosts(project, search, traced)
    for (const args of [
      ['asset', 'observe', '--select', 'seen'],
      ['asset', 'show', 'metadata'],
      ['asset', 'show', 'outside', '--json'],
      ['schedule', 'list'],
      ['schedule', 'preview', 'daily'],
      ['sensor', 'list', '--json'],
      ['sensor', 'preview', 'watcher'],
      ['sensor', 'preview', 'asker', '--json'],
      ['sensor', 'preview', 'skipper'],
      ['definitions', 'validate'],
      ['doctor'],
      ['doctor', '--json'],
    ])
      await embedded(project, search, traced, args)
    for (const args of [
      ['sensor', 'preview', 'watcher', '-m', 'dagma.definitions'],
      ['sensor', 'preview', 'asker', '-m', 'dagma.definitions'],
      ['sensor', 'preview', 'skipper', '-m', 'dagma.definitions'],
    ])
      await dagster(project, search, traced, args)
    await throughTheWebServer(project, search, traced, 'leak')
    for (const body of receiver.bodies) search.text('spans and metrics', body)
    expectNoLeak(search)
    // The secret was sent to each of these places, and the search looked there.
    for (const place of [
      /^dagma asset materialize/,
      /^dagma run show .* --json$/,
      /^dagma build$/,
      /^dagma schedule preview/,
      /^dagma sensor preview watcher/,
      /^dagma sensor preview skipper/,
      /^dagma doctor$/,
      /^dagma doctor --json$/,
      /^dagma dev$/,
      /^dagster asset materialize/,
      /^dagster sensor preview watcher/,
      /^dagster sensor preview skipper/,
      /^events\.sqlite: events\.body$/,
      /: event_logs\.event$/,
      /: asset_event_tags\.value$/,
      /: asset_check_executions\.evaluation_event$/,
      /: snapshots\.snapshot_body$/,
      /compute_logs\/.*\.out$/,
      /compute_logs\/.*\.err$/,
      /^the GraphQL answer$/,
      /^the captured logs$/,
      /^spans and metrics$/,
    ])
      expect([...search.gated]).toContainEqual(expect.stringMatching(place))
  })

  it('by a process that an asset starts, to whose output it leaves its own', async () => {
    using project = smallProject(leakyChildDefinitions)
    const env = { CANARY_KEY: canaryFor('CANARY_KEY') }
    const search = new LeakSearch(env)
    await onBothHosts(project, search, env)
    expectNoLeak(search)
  })

  it('of definitions that cannot be loaded', async () => {
    using project = smallProject(brokenDefinitions)
    const env = { CANARY_KEY: canaryFor('CANARY_KEY') }
    const search = new LeakSearch(env)
    for (const args of [['build'], ['asset', 'list'], ['dev', '--check']]) await embedded(project, search, env, args)
    await dagster(project, search, env, ['asset', 'list', '-m', 'dagma.definitions'])
    expectNoLeak(search)
  })

  it('and the search finds each form of one', () => {
    const canary = canaryFor('CANARY_KEY')
    const said = (text: string): string[] => {
      const search = new LeakSearch({ CANARY_KEY: canary })
      search.text('here', text)
      return search.found
    }
    expect(said('nothing')).toEqual([])
    for (const text of [canary, JSON.stringify(canary), encodeURIComponent(canary), Buffer.from(canary).toString('hex')])
      expect(said(`<${text}>`)).not.toEqual([])
    for (const before of ['', 'x', 'xx', 'xxx']) expect(said(Buffer.from(`${before}${canary}yy`).toString('base64'))).not.toEqual([])
  })
})

function addresses(url: string): Env {
  return Object.fromEntries(addressVariables.map((name) => [name, url]))
}

function expectNoLeak(search: LeakSearch): void {
  expect(search.places).toBeGreaterThan(3)
  expect([...new Set(search.found)]).toEqual([])
}

async function onBothHosts(project: TestProject, search: LeakSearch, env: Env): Promise<void> {
  await embedded(project, search, env, ['asset', 'materialize', '--select', '*'])
  const runs = await project.dagmaJson<{ runId: string }[]>(['run', 'list'])
  for (const args of [
    ['run', 'show', runs[0]?.runId ?? '', '--json'],
    ['run', 'show', runs[0]?.runId ?? ''],
    ['run', 'list'],
    ['job', 'list'],
    ['asset', 'list', '--json'],
    ['report'],
    ['build'],
  ])
    await embedded(project, search, env, args)
  await dagster(project, search, env, ['asset', 'materialize', '--select', '*', '-m', 'dagma.definitions'])
  const inDagster = (await dagsterRuns(project)).at(-1)?.events.map((event) => event.type) ?? []
  expect(inDagster).toContain('STEP_START')
  search.folder(project.dagmaFolder, ['python', 'values'])
}

async function embedded(project: TestProject, search: LeakSearch, env: Env, args: readonly string[]): Promise<void> {
  const { stdout, stderr } = await project.dagma(args, { env })
  search.text(`dagma ${args.join(' ')}`, stdout + stderr)
}

async function dagster(project: TestProject, search: LeakSearch, env: Env, args: readonly string[]): Promise<void> {
  const { stdout, stderr } = await project.python('dagster', args, { env })
  search.text(`dagster ${args.join(' ')}`, stdout + stderr)
}

const whatTheUiAsks = `query {
  assetNodes { assetKey { path } description metadataEntries { label ... on TextMetadataEntry { text } ... on UrlMetadataEntry { url } } }
  repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name description } } } }
  runsOrError { ... on Runs { results {
    runId status runConfigYaml tags { key value }
    eventConnection { events {
      __typename
      ... on MessageEvent { message }
      ... on MaterializationEvent { metadataEntries {
        label ... on TextMetadataEntry { text } ... on UrlMetadataEntry { url } ... on JsonMetadataEntry { jsonString }
        ... on MarkdownMetadataEntry { mdStr } ... on PathMetadataEntry { path }
      } }
      ... on ExecutionStepFailureEvent { error { message stack causes { message } } failureMetadata { description } }
      ... on LogsCapturedEvent { fileKey }
    } }
  } } }
}`

async function throughTheWebServer(project: TestProject, search: LeakSearch, env: Env, job: string): Promise<void> {
  const { running, address } = await startDev(project, env)
  try {
    const runId = await launchRun(address, job)
    const answer = await running.until(async () => {
      const { text } = await graphql(address, whatTheUiAsks)
      return new RegExp(`"runId":\\s*"${runId}",\\s*"status":\\s*"(?:SUCCESS|FAILURE)"`).test(text) && text
    })
    search.text('the GraphQL answer', answer)
    for (const [, fileKey] of answer.matchAll(/"fileKey":\s*"(\w+)"/g)) {
      const { text } = await graphql(address, 'query Logs($key: [String!]!) { capturedLogs(logKey: $key) { stdout stderr } }', {
        key: [runId, 'compute_logs', fileKey],
      })
      search.text('the captured logs', text)
    }
  } finally {
    running.child.kill('SIGINT')
    await running.ended
  }
  search.text('dagma dev', running.printed)
  search.folder(project.dagmaFolder, ['python', 'values'])
}
