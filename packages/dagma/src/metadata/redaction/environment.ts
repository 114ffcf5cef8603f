/** Notices when the environment may have changed, without reading it for each line that is printed: to read a variable costs as much as to search a line. */

interface Watch {
  /** `process.env` itself. */
  variables: NodeJS.ProcessEnv
  /** How often code took `process.env`, to which it then may write. */
  taken: number
  /** How often it did, or a turn of the event loop ended. */
  changes: number
  turnEnds: boolean
}

const registry: unique symbol = Symbol.for('dagma.environment') as never
const shared: { [registry]?: Watch } = globalThis as never

/** One for all copies of this package in the process. */
const watch: Watch = shared[registry] ?? watchEnvironment()
shared[registry] = watch

/** `process.env`, taken without being noticed. */
export function environment(): NodeJS.ProcessEnv {
  return watch.variables
}

/** How often code took `process.env`: while that stays, nobody has set another variable. */
export function environmentTaken(): number {
  return watch.taken
}

/** A number that is another one whenever the environment may have changed. Code that kept `process.env` is noticed in the next turn of the event loop. */
export function environmentVersion(): number {
  if (!watch.turnEnds) {
    watch.turnEnds = true
    setImmediate(() => {
      watch.turnEnds = false
      watch.changes++
    }).unref()
  }
  return watch.changes
}

function watchEnvironment(): Watch {
  const made: Watch = { variables: process.env, taken: 0, changes: 0, turnEnds: false }
  Object.defineProperty(process, 'env', {
    configurable: true,
    enumerable: true,
    get: () => {
      made.taken++
      made.changes++
      return made.variables
    },
    set: (variables: NodeJS.ProcessEnv) => {
      made.taken++
      made.changes++
      made.variables = variables
    },
  })
  return made
}
