/** What users test their assets with. */
export { type FakeClock, fakeClock } from './fake-clock.ts'
export { type InMemoryOptions, materializeToMemory } from './materialize-to-memory.ts'
