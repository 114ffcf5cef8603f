/**
 * `examples/deploy/` on a project that `npm create dagma` writes: its image is built, and its Compose file started, in namespaces of Linux in the
 * place of a container engine. A new Debian stands for the base image.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packAll } from '../../scripts/pack.ts'
import { Compose } from '../support/containers/compose.ts'
import { buildImage, type Image } from '../support/containers/image.ts'
import { lacks } from '../support/needs.ts'
import { repository } from '../support/repository.ts'

const debian = process.env.DAGMA_TEST_DEBIAN ?? ''
const needsDebian = (): string =>
  existsSync(join(debian, 'usr/bin'))
    ? ''
    : 'DAGMA_TEST_DEBIAN names no root folder of Debian: mmdebstrap --variant=minbase bookworm <folder>'
const deploy = join(repository, 'examples/deploy')

describe.skipIf(lacks(needsDebian()))('examples/deploy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-deploy-'))
  const project = join(folder, 'shop')
  let image: Image

  beforeAll(async () => {
    await newProject()
    cpSync(deploy, project, { recursive: true })
    writeFileSync(join(project, '.env'), 'TOKEN=not-for-the-image\n')
    image = buildImage(project, debian, join(folder, 'image'))
  }, 900_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }))

  const inImage = (path: string): boolean => image.layers.some((layer) => existsSync(join(layer, path)))

  test('the image has the project and what it needs, and no more', () => {
    expect(existsSync(join(project, 'node_modules/typescript'))).toBe(true)
    const found = ['manifest.json', 'src', 'node_modules/dagma', 'node_modules/typescript', '.env', '.git'].map((path) => [
      path,
      inImage(join('srv/analytics', path)),
    ])
    expect(Object.fromEntries(found)).toEqual({
      'manifest.json': true,
      src: true,
      'node_modules/dagma': true,
      'node_modules/typescript': false,
      '.env': false,
      '.git': false,
    })
    expect(image.user).toBe('node')
  })

  test('compose.yaml runs a job whose steps are on the Celery worker', async () => {
    await using compose = new Compose(
      join(deploy, 'compose.yaml'),
      { DAGSTER_PG_PASSWORD: 'of-the-database' },
      standIn,
      join(folder, 'compose'),
    )
    await compose.up()
    const { stdout } = await compose.exec('webserver', ['python', '-c', launch, 'shop_job'])
    const { status, workers, problems } = JSON.parse(stdout.split('\n').findLast((line) => line.startsWith('{')) ?? JSON.stringify(stdout))
    expect({ status, problems }, `${stdout}\n${compose.printed('analytics')}\n${compose.printed('worker')}`).toEqual({
      status: 'SUCCESS',
      problems: [],
    })
    expect(workers.map((worker: string) => worker.split('@')[1])).toEqual(['worker', 'worker'])
  }, 600_000)

  function standIn(name: string): Image {
    if (name.startsWith('postgres:') || name.startsWith('redis:')) return serverImage(name, join(folder, name.replace(':', '-')))
    return image
  }

  /** A project of the template, with the package from a tarball in its folder. */
  async function newProject(): Promise<void> {
    const tarballs = await packAll(join(folder, 'tarballs'))
    const start = (cwd: string, command: string, ...args: readonly string[]): void => {
      execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    }
    start(folder, process.execPath, join(repository, 'packages/create-dagma/bin/create-dagma.js'), project, '--yes', '--no-install')
    cpSync(tarballs.find((file) => /\/dagma-\d/.test(file)) ?? '', join(project, 'dagma.tgz'))
    start(project, 'npm', 'install', '--no-audit', '--no-fund', './dagma.tgz')
  }
})

/** Launches a job at the web server, waits until its run has ended, and prints what the run says of itself. */
const launch = `
import json, sys, time, urllib.request
def ask(query, **variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request("http://webserver:3000/graphql", body, {"content-type": "application/json"})
    for attempt in range(240):
        try:
            return json.load(urllib.request.urlopen(request, timeout=60))["data"]
        except urllib.error.URLError:
            time.sleep(0.25)
selector = {"repositoryName": "__repository__", "repositoryLocationName": "analytics", "jobName": sys.argv[1]}
answer = ask("""mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }""",
  params={"selector": selector, "runConfigData": {}})["launchRun"]
assert answer["__typename"] == "LaunchRunSuccess", answer
run_id = answer["run"]["runId"]
status = ""
while status not in ("SUCCESS", "FAILURE", "CANCELED"):
    time.sleep(0.5)
    status = ask("query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run_id)["runOrError"]["status"]
events = ask("""query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
  ... on MessageEvent { message } ... on ExecutionStepFailureEvent { error { message } }
  ... on EngineEvent { metadataEntries { label ... on TextMetadataEntry { text } } } } } } }""", id=run_id)["logsForRun"]["events"]
entries = [entry for event in events for entry in event.get("metadataEntries") or []]
problems = [event["error"]["message"] for event in events if event.get("error")]
print(json.dumps({"status": status, "problems": problems,
  "workers": [entry["text"] for entry in entries if entry["label"] == "Celery worker"]}))
`

/** The servers of this machine, as their images run them. */
function serverImage(name: string, layer: string): Image {
  mkdirSync(layer)
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) if (existsSync(`/usr/${name}`)) symlinkSync(`usr/${name}`, join(layer, name))
  for (const name of ['tmp', 'data', 'etc', 'proc', 'dev']) mkdirSync(join(layer, name))
  for (const name of ['passwd', 'group']) cpSync(join('/etc', name), join(layer, 'etc', name))
  const postgres = `/usr/lib/postgresql/${readdirSync('/usr/lib/postgresql').at(-1)}/bin`
  const common = {
    layers: [layer],
    mounts: { '/usr': '/usr' },
    user: 'root',
    folder: '/',
    entrypoint: [],
    env: { PATH: `${postgres}:/usr/bin:/bin` },
  }
  if (name.startsWith('redis:')) return { ...common, command: ['redis-server', '--dir', '/data', '--save', ''] }
  const data = '/var/lib/postgresql/data'
  const start = `chown postgres ${data} && echo "$POSTGRES_PASSWORD" >/tmp/password && chmod 644 /tmp/password
exec setpriv --reuid=postgres --regid=postgres --clear-groups sh -c '
initdb -D ${data} --auth scram-sha-256 --username "$POSTGRES_USER" --pwfile /tmp/password >/dev/null
echo "create database $POSTGRES_DB" | postgres --single -D ${data} postgres >/dev/null
exec postgres -D ${data} -c unix_socket_directories= -c listen_addresses=0.0.0.0'`
  return { ...common, command: ['sh', '-c', start] }
}
