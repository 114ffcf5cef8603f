/** Functions for tests of assets. */
export { type FakeClock, fakeClock } from './fake-clock.ts'
export { type InMemoryOptions, materializeToMemory } from './materialize-to-memory.ts'
