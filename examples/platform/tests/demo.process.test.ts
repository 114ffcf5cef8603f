/** The demo as a user runs it, without any variable and server: on the local backends, which open no socket. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const platform = join(import.meta.dirname, '..')
const root = mkdtempSync(join(tmpdir(), 'dagma-demo-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Reported by whatever would reach another process or machine, which is then refused. */
const watch = `
import dgram from 'node:dgram'
import dns from 'node:dns'
import net from 'node:net'
import { syncBuiltinESMExports } from 'node:module'
const refuse = (what) => () => { process.stderr.write('SOCKET: ' + what + '\\n'); throw new Error('no sockets here') }
net.Socket.prototype.connect = refuse('connect')
net.Server.prototype.listen = refuse('listen')
dgram.createSocket = refuse('datagrams')
for (const name of ['lookup', 'resolve']) { dns[name] = refuse(name); dns.promises[name] = refuse(name) }
syncBuiltinESMExports()
`

/** Runs a script of the project, copied without its own \`.env\` and data. */
function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:MLFLOW|QDRANT|LANGFLOW|EMBEDDINGS|LLM|OTEL|DAGMA|DAGSTER|VITEST|NODE_OPTIONS)/.test(name),
    ),
  )
  const preload = `--import=data:text/javascript,${encodeURIComponent(watch)}`
  return spawnSync(process.execPath, [preload, ...args], {
    cwd: join(root, 'examples/platform'),
    env: { ...env, NO_COLOR: '1' },
    encoding: 'utf8',
  })
}

describe('without any variable and server', () => {
  let demo: ReturnType<typeof run>
  beforeAll(() => {
    const repository = join(platform, '../..')
    for (const shared of ['node_modules', 'packages', 'docs', 'README.md']) symlinkSync(join(repository, shared), join(root, shared))
    for (const own of ['src', 'package.json']) cpSync(join(platform, own), join(root, 'examples/platform', own), { recursive: true })
    demo = run('src/demo.ts')
  })

  it('the watch over sockets watches', () => {
    for (const script of [
      "fetch('http://127.0.0.1:49999').catch(() => {})",
      "import('node:net').then((net) => net.createServer().listen(0))",
    ])
      expect(run('-e', script).stderr).toMatch(/^SOCKET: /)
  })

  it('the demo goes well, and opens no socket', () => {
    expect(demo).toMatchObject({ status: 0, stderr: '' })
  })

  it('it shows every asset with its figures and no link, and names what turns the real systems on', () => {
    for (const asset of [
      'raw_numbers',
      'sum_numbers',
      'train_model_stub',
      'embed_texts_stub',
      'qdrant_upsert',
      'qdrant_search',
      'answer_question',
      'langflow_run_flow',
    ])
      expect(demo.stdout).toContain(`✓ ${asset}\n`)
    for (const figure of [
      /count +4\n/,
      /preview +\[1,2,3,4\]\n/,
      /input_count +4\n/,
      /result +10\n/,
      /params_count +2\n/,
      /artifact_uploaded +true\n/,
      /returned +3\n/,
    ])
      expect(demo.stdout).toMatch(figure)
    expect(demo.stdout.match(/ backend +local\n/g)).toHaveLength(6)
    expect(demo.stdout).toMatch(/✓ retrieval_quality {2}hit_rate 0\.\d{3}, mrr 0\.\d{3}, ndcg 0\.\d{3} over 40 examples\./)
    expect(demo.stdout).toMatch(/✓ answer_quality {2}cites_an_answer 0\.\d{3}, length \d\.\d{3} over 40 examples\./)
    expect(demo.stdout).not.toMatch(/_ur[il] +http|_endpoint/)
    expect(demo.stdout.slice(demo.stdout.indexOf('Local backends'))).toMatchInlineSnapshot(`
      "Local backends:
        MLflow          the real one is turned on by MLFLOW_USE_TRACKING=true with MLFLOW_TRACKING_URI
        Embeddings      the real one is turned on by EMBEDDINGS_BASE_URL with EMBEDDINGS_MODEL
        Qdrant          the real one is turned on by QDRANT_URL or QDRANT_HOST
        Language model  the real one is turned on by LLM_BASE_URL with LLM_MODEL
        LangFlow        the real one is turned on by LANGFLOW_BASE_URL
      "
    `)
  })

  it('the command line materializes all of it, and opens no socket', () => {
    const { status, stderr } = run(join(root, 'node_modules/.bin/dagma'), 'asset', 'materialize', '--select', '*')
    expect(status).toBe(0)
    expect(stderr).not.toContain('SOCKET')
  })
})
