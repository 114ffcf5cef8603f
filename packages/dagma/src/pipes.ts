/** Dagster Pipes in TypeScript: for a process that a Pipes client of Dagster starts. */
export { openPipes } from './dagster/pipes/open.ts'
export type { PipesContextData, PipesMessage, PipesMessageWriter, PipesMethod } from './dagster/pipes/protocol.ts'
export { PipesSession } from './dagster/pipes/session.ts'
