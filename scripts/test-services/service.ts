import { spawn } from 'node:child_process'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A real server that a test started. */
export interface TestService {
  readonly url: string
  /** Ends the server and all its processes, and removes its folder. */
  readonly stop: () => Promise<void>
}

/**
 * The executable that the environment variable names, for `describe.skipIf(!executable)`. Undefined when the variable is not set, which it says;
 * with `CI=true` that is an error: there no real-service test is left out.
 */
export function serviceExecutable(variable: string): string | undefined {
  const path = process.env[variable]
  if (path && existsSync(path)) return path
  const problem = path ? `${variable} names no file` : `${variable} is not set`
  if (path || process.env.CI === 'true') throw new Error(`${problem}: it must name the executable of the server that the tests start.`)
  console.warn(`Real-service tests are skipped: ${problem}.`)
  return undefined
}

/** The service that {@link startService} starts. */
export interface ServiceCommand {
  readonly name: string
  readonly executable: string
  readonly args: (place: { readonly port: number; readonly folder: string }) => readonly string[]
  /** The whole environment, beside PATH and HOME. */
  readonly env: (folder: string) => Readonly<Record<string, string>>
  /** Answers 200 when the server is ready. */
  readonly healthPath: string
  /** How long it may take until it is ready. Default 120,000 ms. */
  readonly readyWithinMs?: number
}

/** Becomes the server; beside it, a process waits for the end of descriptor 3, which comes when the test's process ends in any way, and ends the group. */
const watched = '{ read -r _; kill -TERM -$$; } <&3 >/dev/null 2>&1 & exec "$@" 3<&-'

/** Starts a server on a free port of 127.0.0.1, with its data in a temporary folder, in its own process group; waits until it is ready. */
export async function startService({
  name,
  executable,
  args,
  env,
  healthPath,
  readyWithinMs = 120_000,
}: ServiceCommand): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), `dagma-${name}-`))
  const port = await freePort()
  const log = join(folder, 'server.log')
  const child = spawn('/bin/sh', ['-c', watched, name, executable, ...args({ port, folder })], {
    cwd: folder,
    detached: true,
    env: { PATH: '/usr/bin:/bin', HOME: folder, DO_NOT_TRACK: 'true', ...env(folder) },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const sink = createWriteStream(log)
  child.stdout?.pipe(sink, { end: false })
  child.stderr?.pipe(sink, { end: false })
  let ended = false
  const end = new Promise<void>((resolve) => {
    for (const event of ['error', 'exit']) child.once(event, () => resolve())
  }).then(() => {
    ended = true
  })
  const killGroup = (signal: NodeJS.Signals) => {
    try {
      if (child.pid) process.kill(-child.pid, signal)
    } catch {
      // All of its processes have ended.
    }
  }
  const stop = async () => {
    killGroup('SIGTERM')
    await Promise.race([end, sleep(10_000, undefined, { ref: false })])
    killGroup('SIGKILL')
    sink.end()
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }

  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + readyWithinMs
  while (!(await isReady(url + healthPath))) {
    if (!ended && Date.now() < deadline) {
      await sleep(200)
      continue
    }
    const tail = (await readFile(log, 'utf8')).slice(-3000)
    await stop()
    throw new Error(`${name} ${ended ? 'ended before it was' : 'did not get'} ready. The end of its log:\n${tail}`)
  }
  return { url, stop }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no free port'))))
    })
  })
}
