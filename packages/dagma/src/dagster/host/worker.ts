/**
 * The Node worker of a Dagster run, and perhaps of others after it: runs steps that the Python package sends, many of them concurrently. Messages:
 * `protocol/worker.schema.json`.
 */
import { once } from 'node:events'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { keyText } from '../../definitions/assets/asset-key.ts'
import { stepLabel } from '../../definitions/assets/step-label.ts'
import type { Definitions } from '../../definitions/model.ts'
import { unknownDynamicKeys } from '../../definitions/partitions/partitions.ts'
import { dagmaError } from '../../errors.ts'
import { systemClock } from '../../runtime/clock.ts'
import { DescriptorOutlet } from '../../runtime/gate/outlet.ts'
import { loadDefinitions, type Project } from '../../runtime/project/project.ts'
import { callHook } from '../../runtime/step/hooks.ts'
import { watchProcessEnd } from '../../runtime/step/process-end.ts'
import type { ItemsReport, StepReport } from '../../runtime/step/step-host.ts'
import { runStep } from '../../runtime/step/step-runner.ts'
import type { FindMaterializations } from '../../runtime/values/materialized-values.ts'
import { withDescription } from '../check-description.ts'
import { MessageSender } from '../pipes/message-sender.ts'
import { type Digests, digestsOf } from './digests.ts'
import { buildManifest } from './manifest.ts'
import { materializationsByPartition, wireStored } from './materializations.ts'
import { ProcessBetweenRuns } from './process-between-runs.ts'
import { SentPartitions } from './sent-partitions.ts'
import { ServedRun } from './served-run.ts'
import { projectSources } from './sources.ts'
import { type Answer, type HookCall, type RunStep, readMessage, type StepExtras, type ToWorker } from './to-worker.ts'

/** Names the inherited descriptor of the socket to the run. */
export const channelVariable = 'DAGMA_WORKER_FD'

/** Something that a step asks the host. */
type Question = { readonly step: string } & (
  | { readonly type: 'list_dynamic_partitions'; readonly partitions: string }
  | { readonly type: 'find_materializations'; readonly asset_key: string; readonly partition_keys: readonly (string | null)[] }
)

/** Serves runs, one after the other, until the host's end of the socket closes. @throws DAGMA_WORKER_NOT_HOSTED; DefinitionErrors and others when definitions do not load. */
export async function serveWorker(project: Project): Promise<void> {
  const descriptor = Number(process.env[channelVariable])
  if (!Number.isInteger(descriptor) || descriptor < 3)
    throw dagmaError('DAGMA_WORKER_NOT_HOSTED', { reason: `${channelVariable} is not set` })
  delete process.env[channelVariable]
  const host = process.ppid
  const channel = new Socket({ fd: descriptor, readable: true, writable: true, allowHalfOpen: true }) // steps that end last still say so
  channel.on('error', () => channel.destroy()) // the run is gone: its end of the socket closes next
  const definitions = await loadDefinitions(project).catch((error) => {
    channel.destroy() // an open channel would keep this process, and the run would wait for it
    throw error
  })
  const outlet = new DescriptorOutlet(descriptor) // a step that logs without a pause waits for the host there, and what is sent at the end gets out
  channel.on('close', () => outlet.close())
  const worker = new Worker(definitions, project.folder, (message) => outlet.write(`${JSON.stringify(message)}\n`))
  watchProcessEnd({
    runningSteps: () => {
      const steps = worker.runningSteps()
      return steps.length === 0 ? undefined : steps
    },
    onEnd: (error) => worker.failSteps(error),
  })
  const lines = createInterface({ input: channel })
  lines.on('line', (line) => worker.receive(readMessage(line)))
  const sources = projectSources(project)
  const imported = [...sources.values()].flatMap(({ file }) => (file.endsWith('.json') ? [file] : []))
  worker.ready(digestsOf(buildManifest(definitions, project.folder), project, sources), imported)
  await once(lines, 'close')
  const watch = setInterval(endWithoutHost, 2_000, host).unref() // a step may not heed its signal
  await worker.stop()
  clearInterval(watch)
  endWithoutHost(host)
}

/** Ends this process and everything that its steps have started when the host was killed; a host that lives does that itself. */
function endWithoutHost(host: number): void {
  if (process.ppid === host) return
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    process.exit(1) // it was started without its own group
  }
}

function send(session: MessageSender, report: Exclude<StepReport, ItemsReport>): void {
  switch (report.type) {
    case 'log': {
      const { level, message, partitionKey } = report
      session.logGated(level, partitionKey === undefined ? message : `[${partitionKey}] ${message}`)
      break
    }
    case 'materialization':
      if (report.stored !== undefined) {
        const stored = wireStored(report.stored)
        session.reportCustomMessage({ dagma: { type: 'stored', asset_key: keyText(report.assetKey), ...stored } })
      }
      session.reportGatedMaterialization(keyText(report.assetKey), report.metadata, report.dataVersion)
      break
    case 'observation': {
      const { assetKey, metadata, dataVersion = null } = report
      session.reportCustomMessage({ dagma: { type: 'observation', asset_key: keyText(assetKey), metadata, data_version: dataVersion } })
      break
    }
    case 'dynamic_partitions': {
      session.reportCustomMessage({ dagma: report })
      break
    }
    case 'check': {
      const { assetKey, check: name, passed, severity, description, metadata } = report
      session.reportGatedCheck(keyText(assetKey), { name, passed, severity, metadata: withDescription(metadata, description) })
    }
  }
}

/** A step that runs here. */
interface RunningStep {
  readonly abort: AbortController
  readonly done: Promise<void>
  /** Both are known when its context was read. */
  name?: string
  session?: MessageSender
  /** In a run of several partitions. */
  partitions?: SentPartitions
  /** The answers that the step awaits, by the number of the request. */
  readonly asked: Map<number, (answer: Answer) => void>
}

class Worker {
  readonly #definitions: Definitions
  readonly #projectFolder: string
  readonly #send: (message: object) => void
  readonly #process = new ProcessBetweenRuns()
  readonly #running = new Map<string, RunningStep>()
  #run: ServedRun

  constructor(definitions: Definitions, projectFolder: string, send: (message: object) => void) {
    this.#definitions = definitions
    this.#projectFolder = projectFolder
    this.#send = send
    this.#run = new ServedRun(definitions, projectFolder)
  }

  ready(digests: Digests, imported: readonly string[]): void {
    this.#send({ type: 'ready', protocol_version: 1, digests, imported_json: imported })
  }

  receive(message: ToWorker): void {
    if (message.type === 'cancel_step') return this.#running.get(message.step)?.abort.abort()
    if (message.type === 'partitions_recorded') return this.#running.get(message.step)?.partitions?.recorded(message.count)
    if (message.type === 'run_failed') return this.#run.noteFailure()
    if (message.type === 'observe_end') return this.#run.observeEnd(message)
    if (message.type === 'end_run') return void this.#endRun()
    if ('request' in message) return this.#running.get(message.step)?.asked.get(message.request)?.(message)
    const abort = new AbortController()
    const { promise: done, resolve, reject } = Promise.withResolvers<void>()
    const running: RunningStep = { abort, done, asked: new Map() }
    this.#running.set(message.step, running)
    const working = message.type === 'run_step' ? this.#runStep(message, running) : this.#callHook(message, running)
    working.finally(() => this.#running.delete(message.step)).then(resolve, reject)
  }

  /** Labels of the running steps. */
  runningSteps(): string[] {
    const label = (name: string): string => {
      const step = this.#definitions.steps.get(name)
      return step === undefined ? name : stepLabel(step)
    }
    return [...this.#running.values()].flatMap(({ name }) => (name === undefined ? [] : [label(name)]))
  }

  /** Ends every step that runs with an error, at once. */
  failSteps(error: Error): void {
    for (const { session } of this.#running.values()) session?.close(error)
  }

  /** Cancels what runs, waits for it, and ends the run. */
  async stop(): Promise<void> {
    if (this.#running.size > 0) this.#run.abort() // else the run has ended well, and closing may still use the signal
    for (const { abort } of this.#running.values()) abort.abort()
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done))
    await this.#run.end()
  }

  /** Ends the run, and makes ready for another one. */
  async #endRun(): Promise<void> {
    await this.stop()
    this.#run = new ServedRun(this.#definitions, this.#projectFolder)
    const keepsValues = [...this.#definitions.ioManagers.values()].some(({ inProcess }) => inProcess)
    const retire = keepsValues ? 'an IO manager keeps values in its memory' : await this.#process.restore()
    this.#send({ type: 'run_ended', retire: retire ?? null })
  }

  async #runStep({ step, context, extras }: RunStep, running: RunningStep): Promise<void> {
    const run = this.#run
    const { signal } = running.abort
    const session = new MessageSender((message) => this.#send({ type: 'pipes', step, message }))
    const found = this.#definitions.steps.get(extras.step_name)
    if (found === undefined) {
      session.close(
        dagmaError('DAGMA_MESSAGE_UNKNOWN', { reason: `step "${extras.step_name}"; reload the code location if definitions changed` }),
      )
      return
    }
    const partitions = this.#partitionsOf(found.name, step, extras.partition_keys, session)
    Object.assign(running, { name: found.name, session, partitions })
    const resources = run.resources(context.run_id)
    const observer = await run.observer({ ...context, ...extras })
    const outcome = await runStep(found, {
      definitions: this.#definitions,
      runId: context.run_id,
      jobName: context.job_name,
      runTags: extras.run_tags,
      partitionKey: context.partition_key ?? undefined,
      partitions,
      retryNumber: context.retry_number,
      config: extras.config ?? undefined,
      selected: new Set(extras.selected),
      resources,
      values: run.values,
      spending: run.spending(context),
      items: run.items(context.run_id, extras.resumed_run_ids),
      findMaterializations: (...of) => this.#findMaterializations(step, running, ...of),
      observer,
      signal,
      now: systemClock.now,
      dynamicKeys: (name) => extras.dynamic_partitions[name] ?? unknownDynamicKeys(name),
      listDynamicKeys: (name) => this.#listDynamicKeys(name, step, running),
      report: (report) => (report.type === 'items' ? this.#sendProgress(step, report) : send(session, report)),
    })
    run.note(found.name, outcome, context.partition_key ?? undefined)
    if (outcome.status === 'success') return session.closeGated(undefined)
    const { allowRetries: allow_retries, metadata } = outcome
    if (!allow_retries || Object.keys(metadata).length > 0)
      session.reportCustomMessage({ dagma: { type: 'failure', allow_retries, metadata } })
    session.closeGated(outcome.error)
  }

  async #listDynamicKeys(partitions: string, step: string, running: RunningStep): Promise<readonly string[]> {
    const answer = await this.#ask({ type: 'list_dynamic_partitions', step, partitions }, running)
    return answer.type === 'dynamic_partitions' ? answer.partition_keys : []
  }

  async #findMaterializations(step: string, running: RunningStep, ...[asset, partitions]: Parameters<FindMaterializations>) {
    const partition_keys = partitions.map((key) => key ?? null)
    const answer = await this.#ask({ type: 'find_materializations', step, asset_key: keyText(asset), partition_keys }, running)
    return materializationsByPartition(answer.type === 'materializations' ? answer.found : [])
  }

  #ask({ type, step, ...question }: Question, { asked }: RunningStep): Promise<Answer> {
    const request = asked.size + 1
    const { promise, resolve } = Promise.withResolvers<Answer>()
    asked.set(request, resolve)
    this.#send({ type, step, request, ...question })
    return promise
  }

  #sendProgress(step: string, { name, done, failed, all, partitionKey }: ItemsReport): void {
    this.#send({ type: 'items', step, name, done, failed, all, partition_key: partitionKey ?? null })
  }

  #partitionsOf(name: string, step: string, keys: StepExtras['partition_keys'], session: MessageSender): SentPartitions | undefined {
    if (keys === null) return undefined
    const givenUp = this.#run.givenUp(name)
    return new SentPartitions({ keys, givenUp, session, send: (message) => this.#send({ type: 'partition', step, ...message }) })
  }

  /** Dagster decides when a step has ended for good, and asks when it has recorded that. */
  async #callHook(call: HookCall, running: RunningStep): Promise<void> {
    const { step, run_id: runId, job_name, step_name: stepName, error } = call
    const session = new MessageSender((message) => this.#send({ type: 'pipes', step, message }))
    Object.assign(running, { name: stepName, session })
    const job = this.#definitions.jobs.get(job_name)
    const ended = this.#run.outcomeOf(stepName)
    const thrown = ended === undefined || ended.status === 'success' ? error : ended.thrown // it may have failed in a worker that died
    const host = {
      resources: this.#run.resources(runId),
      spending: this.#run.spending(call),
      log: session.log,
      signal: running.abort.signal,
    }
    const found = this.#definitions.steps.get(stepName)
    await callHook({ job, runId, stepName, step: found, error: error === null ? undefined : (thrown ?? undefined) }, host)
    session.close()
  }
}
