import { format } from 'node:util'
import type { LogLevel, StepLog } from '../../definitions/assets/step-log.ts'
import { thrownMessage } from '../../metadata/thrown.ts'
import { gateText } from './exit-gate.ts'

/** The longest log message that is kept, in characters. What is longer is cut, with a marker that states its size. */
export const longestLogMessage = 100_000

/** Characters after those that are scanned too: a secret that begins before them ends in them, in whatever form it is. */
const overlap = 65_536

/** A log whose messages are written as `console.log` writes them, and handed on when they are ready to leave. */
export function gatedLog(write: (level: LogLevel, message: string) => void): StepLog {
  const at =
    (level: LogLevel) =>
    (...message: readonly unknown[]): void =>
      write(level, logText(message))
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error'), critical: at('critical') }
}

function logText(message: readonly unknown[]): string {
  const text = formatted(message)
  const gated = gateText(text.slice(0, longestLogMessage + overlap)) // no more of it than may stay
  if (text.length <= longestLogMessage + overlap && gated.length <= longestLogMessage) return gated
  const kept = text.length <= longestLogMessage + overlap ? longestLogMessage : Math.min(longestLogMessage, gated.length - overlap)
  return `${gated.slice(0, Math.max(0, kept)).toWellFormed()}… [cut: ${text.length} characters in all]`
}

/** A log line never fails the step: what an object's own inspection throws is in its place. */
function formatted(message: readonly unknown[]): string {
  const [only] = message
  if (message.length === 1 && typeof only === 'string') return only
  try {
    return format(...message)
  } catch (error) {
    return `A value cannot be shown: ${thrownMessage(error)}`
  }
}
