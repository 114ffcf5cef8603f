/** The Node worker of one Dagster run: runs steps that the Python package sends, many at once. Messages: `protocol/worker.schema.json`. */
import { once } from 'node:events'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Asset } from '../definitions/asset.ts'
import { keyText, stepName } from '../definitions/asset-key.ts'
import type { Definitions } from '../definitions/definitions.ts'
import type { IOManager } from '../definitions/io-manager.ts'
import { dagmaError } from '../errors.ts'
import { gateText } from '../runtime/exit-gate.ts'
import { projectIOManager } from '../runtime/json-files.ts'
import { loadDefinitions, type Project } from '../runtime/project.ts'
import { RunResources } from '../runtime/run-resources.ts'
import { runStep } from '../runtime/step-runner.ts'
import { buildManifest, manifestDigest } from './manifest.ts'
import { loadContext } from './pipes/open.ts'
import { contextVariable, decodeParam } from './pipes/protocol.ts'
import { PipesSession } from './pipes/session.ts'

/** Names the inherited descriptor of the socket to the run. */
export const channelVariable = 'DAGMA_WORKER_FD'

type ToWorker =
  | { readonly type: 'run_step'; readonly step: string; readonly params: { readonly [variable: string]: string } }
  | { readonly type: 'cancel_step'; readonly step: string }

/** Serves the run until its end of the socket closes. @throws DAGMA_WORKER_NOT_HOSTED; DefinitionErrors and others when definitions do not load. */
export async function serveWorker(project: Project): Promise<void> {
  const descriptor = Number(process.env[channelVariable])
  if (!Number.isInteger(descriptor) || descriptor < 3)
    throw dagmaError('DAGMA_WORKER_NOT_HOSTED', { reason: `${channelVariable} is not set` })
  delete process.env[channelVariable]
  const host = process.ppid
  const channel = new Socket({ fd: descriptor, readable: true, writable: true })
  channel.on('error', () => channel.destroy()) // the run is gone: its end of the socket closes next
  const definitions = await loadDefinitions(project).catch((error) => {
    channel.destroy() // an open channel would keep this process, and the run would wait for it
    throw error
  })
  const worker = new Worker(definitions, project.folder, (message) => channel.write(`${JSON.stringify(message)}\n`))
  const lines = createInterface({ input: channel })
  lines.on('line', (line) => worker.receive(understood('a line', () => JSON.parse(line) as ToWorker)))
  worker.ready()
  await once(lines, 'close')
  const watch = setInterval(endWithoutHost, 2_000, host).unref() // a step may not heed its signal
  await worker.stop()
  clearInterval(watch)
  endWithoutHost(host)
}

/** Ends this process and all that its steps have started when the host was killed; a host that lives does that itself. */
function endWithoutHost(host: number): void {
  if (process.ppid === host) return
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    process.exit(1) // it was started without a group of its own
  }
}

/** What the host sent, read. @throws DAGMA_MESSAGE_UNKNOWN */
function understood<Read>(what: string, read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    throw dagmaError('DAGMA_MESSAGE_UNKNOWN', { reason: `${what} cannot be read` }, error)
  }
}

class Worker {
  readonly #definitions: Definitions
  readonly #projectFolder: string
  readonly #send: (message: object) => void
  readonly #steps: ReadonlyMap<string, Asset>
  readonly #ioManager: IOManager
  readonly #running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>()
  readonly #stopping = new AbortController()
  #resources: RunResources | undefined

  constructor(definitions: Definitions, projectFolder: string, send: (message: object) => void) {
    this.#definitions = definitions
    this.#projectFolder = projectFolder
    this.#send = send
    this.#steps = new Map([...definitions.assets.values()].map((asset) => [stepName(asset.key), asset]))
    this.#ioManager = projectIOManager(definitions, projectFolder)
  }

  ready(): void {
    const manifest = JSON.stringify(buildManifest(this.#definitions, this.#projectFolder))
    this.#send({ type: 'ready', protocol_version: 1, manifest_digest: manifestDigest(manifest) })
  }

  receive(message: ToWorker): void {
    if (message.type === 'cancel_step') {
      this.#running.get(message.step)?.abort.abort()
      return
    }
    if (message.type !== 'run_step')
      throw dagmaError('DAGMA_MESSAGE_UNKNOWN', { reason: `type "${String((message as { type?: unknown }).type)}"` })
    const { step, params } = message
    const abort = new AbortController()
    const done = this.#runStep(step, params, abort.signal).finally(() => this.#running.delete(step))
    this.#running.set(step, { abort, done })
  }

  /** Cancels what runs, waits for it, and closes the run's resources. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const { abort } of this.#running.values()) abort.abort()
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done))
    await this.#resources?.close()
  }

  async #runStep(step: string, params: { readonly [variable: string]: string }, signal: AbortSignal): Promise<void> {
    const context = understood(`the context of step "${step}"`, () =>
      loadContext(decodeParam(params[contextVariable] ?? '') as { readonly [key: string]: unknown }),
    )
    const session = new PipesSession(context, { write: (message) => this.#send({ type: 'pipes', step, message }) })
    const { step_name, config } = (context.extras.dagma ?? {}) as { step_name?: string; config?: unknown }
    const asset = this.#steps.get(step_name ?? '')
    if (asset === undefined) {
      session.close(dagmaError('DAGMA_MESSAGE_UNKNOWN', { reason: `step "${step_name}"; reload the code location if definitions changed` }))
      return
    }
    const outcome = await runStep(asset, {
      runId: context.run_id,
      retryNumber: context.retry_number,
      config: config ?? undefined,
      resources: this.#runResources(context.run_id),
      ioManager: this.#ioManager,
      signal,
      report: (report) => {
        if (report.type === 'log') session.log[report.level](report.message)
        else session.reportGatedMaterialization(keyText(report.assetKey), report.metadata)
      },
    })
    session.closeGated(outcome.status === 'success' ? undefined : outcome.error)
  }

  /** A worker serves one run: its resources are opened once. */
  #runResources(runId: string): RunResources {
    const at = (level: string) => (message: string) => void process.stderr.write(`${level}: ${gateText(message)}\n`)
    const log = { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error'), critical: at('critical') }
    this.#resources ??= new RunResources(this.#definitions.resources, {
      runId,
      projectFolder: this.#projectFolder,
      log,
      signal: this.#stopping.signal,
    })
    return this.#resources
  }
}
