/** `dagster dev` as a child process in its own group. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { dagmaError } from '../../errors.ts'
import { uiVariable } from '../host/run-page.ts'
import { killTree } from './kill-tree.ts'
import { dagsterVariables, type PythonEnvironment, safePath } from './python-environment.ts'
import { reloadDefinitions } from './reload-definitions.ts'
import { watchSources } from './watch-sources.ts'

const host = '127.0.0.1'

/** @throws DAGMA_PORT_TAKEN when something listens on the port of this machine's loopback address. */
export async function checkPortFree(port: number): Promise<void> {
  const probe = createServer()
  probe.listen(port, host)
  try {
    await once(probe, 'listening')
  } catch (error) {
    throw dagmaError('DAGMA_PORT_TAKEN', { port }, error)
  } finally {
    probe.close()
  }
}

/** Checks with Dagster itself that it can load the project. @throws DAGMA_SETUP_FAILED with what Dagster said. */
export async function validateInDagster(environment: PythonEnvironment, projectFolder: string): Promise<void> {
  const child = startPython(environment, projectFolder, ['dagster', 'definitions', 'validate', '-m', 'dagma.definitions'])
  const said: string[] = []
  eachLine(child, (line) => said.push(line))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw dagmaError('DAGMA_SETUP_FAILED', { command: 'dagster definitions validate', reason: said.slice(-15).join('\n') })
}

/**
 * Runs `dagster dev` until `signal` aborts. Leaves no process behind, not even when this one is killed: the other end of its stdin is what it lives by.
 * @throws DAGMA_DAGSTER_ENDED when it ends by itself, as it does when its web server or daemon was killed
 */
export async function runDagsterDev(options: {
  environment: PythonEnvironment
  projectFolder: string
  port: number
  signal: AbortSignal
  /** Takes each line that Dagster's services print. */
  onLine: (line: string) => void
  /** Takes a line about reloads and watching. */
  tell: (line: string) => void
  /** Called when a source has changed, before Dagster loads the definitions again. */
  onChange: () => void
  onReady: (address: string) => void
}): Promise<void> {
  const { environment, projectFolder, port, signal, onLine, tell, onChange, onReady } = options
  const address = `http://${host}:${port}`
  const args = ['-m', 'dagma.dev', '-m', 'dagma.definitions', '-h', host, '-p', String(port)]
  const child = startPython(environment, projectFolder, ['python', ...args], { [uiVariable]: process.env[uiVariable] || address })
  let reason: string | undefined
  eachLine(child, (line) => {
    reason = /\S+ process shut down unexpectedly.*/.exec(line)?.[0] ?? reason
    onLine(line)
  })
  const ended = once(child, 'exit')
  const over = new AbortController()
  const leaveNone = (): void => killGroup(child)
  process.once('exit', leaveNone) // a second Ctrl-C ends this process at once
  const ready = untilReady(address, over.signal, onReady)
  const watching = watchSources(projectFolder, {
    signal: over.signal,
    onChange: () => {
      onChange()
      void reloadDefinitions(address, over.signal).then((line) => line === '' || tell(line))
    },
    tell,
  })
  try {
    const stopped = once(signal, 'abort', { signal: over.signal }).catch(() => undefined)
    if (!signal.aborted) await Promise.race([ended, stopped])
    if (!signal.aborted) throw dagmaError('DAGMA_DAGSTER_ENDED', { reason: reason ?? howItEnded(child) })
    signalGroup(child, 'SIGINT') // as a terminal does on Ctrl-C: the runs under way cancel their steps and end
    await groupEnded(child, 15_000)
  } finally {
    over.abort()
    await Promise.all([ready, watching])
    await endGroup(child)
    process.off('exit', leaveNone)
  }
}

function startPython(
  environment: PythonEnvironment,
  projectFolder: string,
  [program = 'python', ...args]: readonly string[],
  more: NodeJS.ProcessEnv = {},
): ChildProcess {
  return spawn(program, args, {
    cwd: projectFolder,
    env: { ...process.env, ...safePath, ...dagsterVariables(environment), DAGMA_NODE: process.execPath, ...more },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
}

function howItEnded({ exitCode, signalCode }: ChildProcess): string {
  return signalCode === null ? `exit code ${exitCode}` : `ended by ${signalCode}`
}

function eachLine(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) createInterface({ input: stream }).on('line', onLine)
}

async function untilReady(address: string, signal: AbortSignal, onReady: (address: string) => void): Promise<void> {
  while (!signal.aborted) {
    const answer = await fetch(`${address}/server_info`, { signal }).catch(() => undefined)
    if (answer?.ok) return onReady(address)
    await sleep(200, undefined, { signal }).catch(() => undefined)
  }
}

/** Waits until all processes of the group have ended, but at most so long: a run needs a moment to cancel its steps. */
async function groupEnded(child: ChildProcess, withinMs: number): Promise<void> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline && signalGroup(child, 0); ) await sleep(50)
}

/** Runs that continue are asked to end, so that Dagster knows; then everything in the group is killed. */
async function endGroup(child: ChildProcess): Promise<void> {
  signalGroup(child, 'SIGTERM')
  await groupEnded(child, 6_000)
  killGroup(child)
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) killTree(child.pid)
}

/** Whether there was something in the group. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return child.pid !== undefined && process.kill(-child.pid, signal)
  } catch {
    return false
  }
}
