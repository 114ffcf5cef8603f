import { gateChildOutput } from './child-output-gate.ts'
import { gateDescriptors } from './descriptor-gate.ts'
import { gateText } from './exit-gate.ts'
import { WholeLines } from './whole-lines.ts'

/**
 * Sends what this process and its children write to their stdout and stderr through the exit gate, line by line: a line is written when it is
 * whole, or when the process exits.
 */
export function gateStdio(): void {
  for (const stream of [process.stdout, process.stderr]) gateStream(stream)
  gateDescriptors()
  gateChildOutput()
}

function gateStream(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream)
  const lines = new WholeLines()
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: (error?: Error | null) => void): boolean => {
    const callback = typeof encoding === 'function' ? (encoding as typeof done) : done
    const whole = lines.take(chunk, encoding)
    return write(whole === '' ? '' : gateText(whole), callback)
  }) as typeof stream.write
  stream.on('error', () => {}) // nobody reads any more, as after `| head`: the work goes on
  const finish = (): void => {
    const rest = lines.rest()
    if (rest !== '') write(gateText(rest))
  }
  process.on('beforeExit', finish) // a long line can still be sent whole
  process.on('exit', finish)
}
