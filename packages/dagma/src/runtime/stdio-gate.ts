import { gateChildOutput } from './child-output-gate.ts'
import { gateDescriptors } from './descriptor-gate.ts'
import { gateText } from './exit-gate.ts'

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
  let unfinished = ''
  const decoder = new TextDecoder()
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: (error?: Error | null) => void): boolean => {
    const callback = typeof encoding === 'function' ? (encoding as typeof done) : done
    const text = typeof chunk === 'string' && utf8(encoding) ? chunk : decoder.decode(bytesOf(chunk, encoding), { stream: true })
    const end = text.lastIndexOf('\n') + 1
    const whole = end === 0 ? '' : gateText(unfinished + text.slice(0, end))
    unfinished = end === 0 ? unfinished + text : text.slice(end)
    return write(whole, callback)
  }) as typeof stream.write
  stream.on('error', () => {}) // nobody reads any more, as after `| head`: the work goes on
  const finish = (): void => {
    if (unfinished !== '') write(gateText(unfinished))
    unfinished = ''
  }
  process.on('beforeExit', finish) // a long line can still be sent whole
  process.on('exit', finish)
}

function utf8(encoding: unknown): boolean {
  return typeof encoding !== 'string' || /^utf-?8$/i.test(encoding)
}

function bytesOf(chunk: string | Uint8Array, encoding: unknown): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk
}
