import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { pythonFinding } from '../../dagster/dev/foreign-package.ts'
import { diagnose, nodeFinding } from '../../doctor/diagnose.ts'
import { commandLine, dagma } from '../../test/processes.ts'
import { setEnvironment, temporaryFolder } from '../../test/temporary.ts'

const secretValue = 'the-key-of-the-doctor'

async function doctor(folder: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...commandLine, 'doctor', ...args], {
    cwd: folder,
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', VIRTUAL_ENV: undefined, DOCTOR_KEY: secretValue },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, stdout, stderr }
}

/** A project with one resource, `x`, whose probe is this. */
const project = (probe: string, settings = '{ url: "http://host" }') =>
  temporaryFolder({
    'package.json': '{"type":"module","dagma":{"definitions":"defs.ts"}}',
    'defs.ts': `
import { definitions, resource, secret } from '${dagma}'
const key = secret('DOCTOR_KEY')
console.log('loading')
const x = resource({ open: () => { throw new Error('a probe opens nothing') }, ${probe} })
export default definitions({ assets: [], resources: { x: x(${settings}) } })`,
  })

const findings =
  'probe: (settings, context) => [{ check: "reachable", status: "ok", message: settings.url + " " + context.timeoutMs + " " + key.reveal() },'

describe('dagma doctor', () => {
  it('prints what the probes found, with fixes, and ends with 0 when nothing is bad', async () => {
    const folder = project(`${findings} { check: "flow", status: "warning", message: "None.", fix: "Set one." }]`)
    const { code, stdout } = await doctor(folder, '--timeout', '7')
    expect(code).toBe(0)
    expect(stdout).toMatchInlineSnapshot(`
      "loading
        CHECKED  CHECK           RESULT
      ✓ project  Node            Node ${process.versions.node}
      ✓ project  Python package  There is no Python environment yet: \`npx dagma dev\` creates it.
      ✓ x        reachable       http://host 7000 [redacted]
      ! x        flow            None.
                                 → Set one.

      0 problems, 1 warning, 0 local backends.
      "
    `)
  })

  it('prints JSON alone, without a secret, and ends with 1 when anything is bad', async () => {
    const folder = project(
      `${findings} { check: "key", status: "error", message: "It is " + key.reveal(), fix: encodeURIComponent(key.reveal()) }]`,
    )
    const { code, stdout, stderr } = await doctor(folder, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      status: 'error',
      findings: [
        { checked: 'project', check: 'Node', status: 'ok', message: `Node ${process.versions.node}` },
        { checked: 'project', check: 'Python package', status: 'ok', message: expect.any(String) },
        { checked: 'x', check: 'reachable', status: 'ok', message: 'http://host 5000 [redacted]' },
        { checked: 'x', check: 'key', status: 'error', message: 'It is [redacted]', fix: '[redacted]' },
      ],
    })
    expect(stdout + stderr).not.toContain(secretValue)
    expect(stderr).toContain('loading')
  })

  it('makes a finding of settings that cannot be read', async () => {
    const { code, stdout } = await doctor(
      project('probe: () => []', '() => { throw new RangeError("X_MODE must be true or false.") }'),
      '--json',
    )
    expect(code).toBe(1)
    expect(JSON.parse(stdout).findings).toContainEqual({
      checked: 'x',
      check: 'settings',
      status: 'error',
      message: 'X_MODE must be true or false.',
      fix: expect.any(String),
    })
  })

  it('says so when a kind of resource has no probe', async () => {
    const { code, stdout } = await doctor(project(''))
    expect(code).toBe(0)
    expect(stdout).toContain('has no probe')
  })
})

describe('the address of the UI of Dagster', () => {
  const found = async (address: string) => {
    const context = { projectFolder: temporaryFolder(), timeoutMs: 2000, signal: new AbortController().signal }
    setEnvironment({ DAGMA_DAGSTER_URL: address })
    const { findings } = await diagnose({ resources: new Map(), instrument: undefined }, context)
    return findings.find(({ check }) => check === 'DAGMA_DAGSTER_URL')
  }

  it('is not checked when it is not set', async () => expect(await found('')).toBeUndefined())

  it.each(['localhost:3000', 'http://me:a-password@host'])('is bad when it is none: %s', async (address) => {
    const finding = await found(address)
    expect(finding).toMatchObject({ checked: 'project', status: 'error', fix: expect.stringContaining('http://localhost:3000') })
    expect(JSON.stringify(finding)).not.toContain('a-password')
  })

  it('is good when a page answers there, and a warning when none does', async () => {
    const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await found(`${address}/`)).toMatchObject({ status: 'ok', message: `${address} opens` })
    server.close()
    server.closeAllConnections()
    expect(await found(address)).toMatchObject({ status: 'warning', fix: expect.stringContaining('DAGMA_DAGSTER_URL') })
  })
})

describe('the project itself', () => {
  it.each([
    ['22.18.0', 'ok'],
    ['24.0.1', 'ok'],
    ['22.17.9', 'error'],
    ['20.19.0', 'error'],
  ])('Node %s is %s', (version, status) => expect(nodeFinding(version).status).toBe(status))

  const site = (root: string, name: string) => ({ [`${root}/lib/python3.12/site-packages/${name}/METADATA`]: '' })

  it('is good with our package, and before there is an environment', () => {
    expect(pythonFinding(temporaryFolder(site('.dagma/python', 'dagster_dagma-0.1.0.dist-info')), '').message).toContain(
      'dagster-dagma 0.1.0',
    )
    expect(pythonFinding(temporaryFolder(), '').status).toBe('ok')
  })

  it('notices the package of another project that has the same import name', () => {
    const both = temporaryFolder({
      ...site('.dagma/python', 'dagster_dagma-0.1.0.dist-info'),
      ...site('.dagma/python', 'dagma-1.1.1.dist-info'),
      ...site('mine', 'dagma-1.1.1.dist-info'),
    })
    expect(pythonFinding(both, '')).toMatchObject({ status: 'error', fix: expect.stringMatching(/^Delete the folder \.dagma\/python/) })
    const active = temporaryFolder(site('mine', 'dagma-1.1.1.dist-info'))
    expect(pythonFinding(active, `${active}/mine`)).toMatchObject({ status: 'error', fix: expect.stringContaining('pip uninstall dagma') })
  })

  it('notices that ours is missing', () => {
    expect(pythonFinding(temporaryFolder(site('.dagma/python', 'dagster-1.13.0.dist-info')), '')).toMatchObject({ status: 'error' })
  })
})
