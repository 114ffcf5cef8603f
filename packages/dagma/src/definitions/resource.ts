import type { Finding } from '../metadata/finding.ts'
import type { StepLog } from './assets/step-log.ts'
import { expectOptions, type OptionTable } from './options/expect-options.ts'

/** The context in which a resource is opened. */
export interface ResourceContext {
  readonly runId: string
  /** Page of the run in Dagster's UI. Absent on the embedded host, and where `DAGMA_DAGSTER_URL` does not say where that UI is; `dagma dev` sets it. */
  readonly runUrl?: string
  /** Folder of the project, absolute. Local backends keep their data under `.dagma/` in it. */
  readonly projectFolder: string
  readonly log: StepLog
  /** Aborted when the run is canceled. */
  readonly signal: AbortSignal
  /** Data that the resource keeps from run to run. */
  readonly storage: ResourceStorage
}

/** Values of JSON that resources keep from run to run, in the project's default IO manager: beside its assets' values. */
export interface ResourceStorage {
  /** The value last stored under this key; undefined when there is none. The first part of a key is the name of the kind of resource. */
  load(key: readonly string[]): Promise<unknown>
  /** Stores a value that JSON can hold. @throws DAGMA_STORAGE_FAILED, DAGMA_VALUE_NOT_JSON */
  store(key: readonly string[], value: unknown): Promise<void>
}

/** The context in which `dagma doctor` probes a resource. */
export interface ProbeContext {
  /** Folder of the project, absolute. */
  readonly projectFolder: string
  /** How long one call to the system may take, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** An opened resource. */
export interface OpenResource<out Client> {
  readonly client: Client
  /** Runs at the run's end, in reverse order of opening. */
  readonly close: () => void | Promise<void>
}

/**
 * A bound resource: how to open a client once per run. Dagster's resource. Made by calling what {@link resource} returns.
 * The key it is reached by is the one it has in `definitions({ resources })`.
 */
export interface Resource<out Client> {
  readonly open: (context: ResourceContext) => Promise<OpenResource<Client>>
  /** Calls the settings function, when there is one, for the secrets that it declares. Whatever it gives or throws does not matter. @internal */
  readonly declareSecrets?: () => void
  /** Checks the system without opening the resource and without changing anything. Absent when the kind of resource has no probe. */
  readonly probe?: (context: ProbeContext) => Promise<readonly Finding[]>
}

/** The client type of a resource. */
export type ClientOf<R> = R extends Resource<infer Client> ? Client : R extends ResourceType<never, infer Client> ? Client : never

/**
 * A kind of resource: call it with settings to bind it. Assets name it to say what they use, and the client's type flows to them;
 * `definitions()` binds it. Settings may be a function, which is then called when the resource opens: the place to read the environment. It is also called
 * when definitions have loaded, for the secrets that it declares; what it gives or throws then does not matter.
 */
export type ResourceType<in Settings, out Client> = (settings: Settings | (() => Settings)) => Resource<Client>

/** Those options, as `expectOptions` reads them. */
export const resourceOptions: OptionTable<'open' | 'close' | 'probe'> = { open: 'function!', close: 'function', probe: 'function' }

/**
 * Declares a kind of resource. `open` makes the client, once per run and before any step that uses it; `close` runs at the run's end;
 * `probe` reports to `dagma doctor` how the system is.
 * @example
 * ```ts
 * const mailer = resource({ open: ({ host }: { host: string }) => ({ send: (text: string) => console.log(host, text) }) })
 * const notice = asset({ key: 'notice', resources: { mailer }, run: ({ resources }) => resources.mailer.send('Orders are in.') })
 * export default definitions({ assets: [notice], resources: { mailer: mailer({ host: 'mail.example.com' }) } })
 * ```
 */
export function resource<Settings, Client>(options: {
  open: (settings: Settings, context: ResourceContext) => Client | Promise<Client>
  /** Default: nothing to close. */
  close?: (client: Client) => void | Promise<void>
  /** Checks the system without changing anything. What it throws becomes a finding. Default: `dagma doctor` says that there is none. */
  probe?: (settings: Settings, context: ProbeContext) => readonly Finding[] | Promise<readonly Finding[]>
}): ResourceType<Settings, Client> {
  expectOptions('resource()', options, resourceOptions)
  const { open, close = () => {}, probe } = options
  return (settings) => {
    const settled = (): Settings => (isLate(settings) ? settings() : settings)
    return {
      open: async (context) => {
        const client = await open(settled(), context)
        return { client, close: () => close(client) }
      },
      ...(isLate(settings) && { declareSecrets: () => callForSecrets(settings) }),
      ...(probe && { probe: async (context) => probe(settled(), context) }),
    }
  }
}

/** Settings that cannot be read yet are not a failure: the resource may never open. */
function callForSecrets(settings: () => unknown): void {
  try {
    Promise.resolve(settings()).catch(() => {})
  } catch {
    // When the resource opens, this fails again, and is reported.
  }
}

function isLate<Settings>(settings: Settings | (() => Settings)): settings is () => Settings {
  return typeof settings === 'function'
}
