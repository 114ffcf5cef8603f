/** Loaded first in each worker thread that `worker-thread-gate.ts` has seen start. */
import { holdGate } from './stdio-gate.ts'

holdGate()
