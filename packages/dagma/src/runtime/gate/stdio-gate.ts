import { styleText } from 'node:util'
import { gateChildOutput } from './child-output-gate.ts'
import { gateDescriptors } from './descriptor-gate.ts'
import { gateText } from './exit-gate.ts'
import { WholeLines } from './whole-lines.ts'

/**
 * Sends what this process and its children write to their stdout and stderr through the exit gate, line by line: a line is written when it is
 * whole, or when the process exits.
 */
export function gateStdio(): void {
  writeStatus = process.stderr.write.bind(process.stderr)
  for (const stream of [process.stdout, process.stderr]) gateStream(stream)
  gateDescriptors()
  gateChildOutput()
}

let status = ''
let writeStatus = (text: string): unknown => process.stderr.write(text)

/** Shows one line at the bottom of a terminal, below all that is printed, in the place of the one before; nothing elsewhere. Empty text removes it. */
export function showStatus(text: string): void {
  if (!process.stderr.isTTY || text === status) return
  status = text
  drawStatus(text)
}

function drawStatus(text: string): void {
  const room = (process.stderr.columns || 80) - 1 // a terminal that nobody looks at may have no columns
  writeStatus(`\r\x1b[K${text === '' ? '' : styleText('dim', gateText(text).slice(0, room))}`)
}

function gateStream(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream)
  const lines = new WholeLines()
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: (error?: Error | null) => void): boolean => {
    const callback = typeof encoding === 'function' ? (encoding as typeof done) : done
    const whole = lines.take(chunk, encoding)
    if (whole === '') return write('', callback)
    if (status === '') return write(gateText(whole), callback)
    drawStatus('')
    const fits = write(gateText(whole), callback)
    drawStatus(status)
    return fits
  }) as typeof stream.write
  stream.on('error', () => {}) // nobody reads any more, as after `| head`: the work goes on
  const finish = (): void => {
    showStatus('')
    const rest = lines.rest()
    if (rest !== '') write(gateText(rest))
  }
  process.on('beforeExit', finish) // a long line can still be sent whole
  process.on('exit', finish)
}
