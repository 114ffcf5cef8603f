/** Notices, from a thread beside it, that the main thread is kept busy: then no signal that it handles has any effect. */
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { ownModule } from '../../own-files.ts'

const beatMs = 250
/** How many beats must be missing in a row. Who interrupts twice within that second must do so once more: nothing can know of the first two. */
const missingBeats = 4
const callback = Symbol.for('dagma.onBusy')

/** Calls `onBusy` in the main thread when it has been busy for a second, in the middle of what it does, and `onAlive` when it is so no more. */
export function watchForBusyThread({ onBusy, onAlive }: { onBusy: () => void; onAlive: () => void }): void {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  let isBusy = false
  Object.assign(globalThis, {
    [callback]: () => {
      isBusy = true
      onBusy()
    },
  })
  setInterval(() => {
    Atomics.add(beats, 0, 1)
    if (isBusy) onAlive()
    isBusy = false
  }, beatMs).unref()
  new Worker(ownModule('cli/terminal/busy-thread'), { workerData: { beats }, execArgv: [], env: {} }).on('error', () => {}).unref()
}

function watch(beats: Int32Array): void {
  let last = -1
  let missing = 0
  setInterval(() => {
    const now = Atomics.load(beats, 0)
    missing = now === last ? missing + 1 : 0
    last = now
    if (missing === missingBeats) callInMainThread()
  }, beatMs)
}

/** The inspector reaches a thread between any two operations of a loop, which nothing else in Node does. */
async function callInMainThread(): Promise<void> {
  const { Session } = await import('node:inspector')
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.evaluate', { expression: `globalThis[Symbol.for('${callback.description}')]()` }, () => session.disconnect())
}

if (!isMainThread && workerData?.beats instanceof Int32Array) watch(workerData.beats)
