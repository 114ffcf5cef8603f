import { AsyncLocalStorage } from 'node:async_hooks'

/** A value that belongs to everything that a piece of work calls. */
export interface SharedStorage<Value> {
  /** Runs `work`, within which {@link current} returns `value`. */
  readonly run: <T>(value: Value, work: () => T) => T
  readonly current: () => Value | undefined
}

/** A storage that all copies of this package in a process share: an integration may have another copy than the host. Created at the first `run`. */
export function sharedStorage<Value>(name: string): SharedStorage<Value> {
  const key = Symbol.for(name)
  const shared: { [key: symbol]: AsyncLocalStorage<Value> | undefined } = globalThis as never
  return {
    run: (value, work) => {
      const storage = shared[key] ?? new AsyncLocalStorage<Value>()
      shared[key] = storage
      return storage.run(value, work)
    },
    current: () => shared[key]?.getStore(),
  }
}
