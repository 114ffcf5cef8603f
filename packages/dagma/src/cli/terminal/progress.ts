import { styleText } from 'node:util'
import type { RunEvent } from '../../engine/events.ts'
import { showStatus } from '../../runtime/gate/gated-output.ts'
import { stepErrorLines } from './error-lines.ts'
import { durationText, printLine, printMetadata } from './output.ts'

/** Prints a line for each event of a run worth one; on a terminal also, below them, what runs now. `partition` is the run's. */
export function progress(partition: string | null): (event: RunEvent) => void {
  const began = new Map<string, number>()
  const errorLines = stepErrorLines()
  let runBegan = 0
  let stepFailed = false
  const since = (event: { readonly step: string; readonly time: number }): string =>
    styleText('dim', durationText(event.time - (began.get(event.step) ?? event.time)))
  const running = (): void =>
    showStatus(
      began.size === 0 ? '' : `running: ${[...began.keys()].slice(0, 5).join(', ')}${began.size > 5 ? ` and ${began.size - 5} more` : ''}`,
    )
  return (event) => {
    if (event.type === 'RUN_START') runBegan = event.time
    if (event.type === 'STEP_START' || event.type === 'STEP_RESTARTED') began.set(event.step, event.time)
    if (event.type === 'STEP_FAILURE') stepFailed = true
    if (event.type === 'RUN_START') printLine(`Run ${event.runId}${partition === null ? '' : ` [${partition}]`}`)
    else printEvent(event, since, () => durationText(event.time - runBegan))
    if (event.type === 'RUN_FAILURE' && !stepFailed) printLine(`  ${event.message}`)
    if (event.type === 'STEP_UP_FOR_RETRY' || event.type === 'STEP_FAILURE')
      for (const line of errorLines(event.step, event.error)) printLine(line)
    if (event.type === 'STEP_SUCCESS' || event.type === 'STEP_FAILURE') began.delete(event.step)
    if (event.type.startsWith('RUN_') && event.type !== 'RUN_START') began.clear()
    running()
  }
}

function printEvent(event: RunEvent, since: (event: { step: string; time: number }) => string, whole: () => string): void {
  const bold = (text: string): string => styleText('bold', text)
  switch (event.type) {
    case 'LOG':
      return printLine(`  ${styleText('dim', `${event.step} ${event.level}:`)} ${event.message}`)
    case 'ASSET_MATERIALIZATION':
    case 'ASSET_OBSERVATION': {
      const partition = event.partition === null ? '' : ` [${event.partition}]`
      printLine(`${styleText('green', event.type === 'ASSET_OBSERVATION' ? '◉' : '✓')} ${bold(event.asset)}${partition}  ${since(event)}`)
      return printMetadata(event.metadata)
    }
    case 'ASSET_CHECK_EVALUATION': {
      const mark = event.passed ? styleText('green', '✓') : styleText(event.severity === 'WARN' ? 'yellow' : 'red', '✗')
      printLine(
        `${mark} ${bold(`${event.asset}:${event.check}`)}  ${event.passed ? 'passed' : `failed (${event.severity})`}${event.description === null ? '' : `: ${event.description}`}`,
      )
      return printMetadata(event.metadata)
    }
    case 'STEP_UP_FOR_RETRY':
      return printLine(
        `${styleText('yellow', '↻')} ${bold(event.step)}  failed, is tried again in ${durationText(event.delaySeconds * 1000)}`,
      )
    case 'STEP_FAILURE':
      printLine(`${styleText('red', '✗')} ${bold(event.step)}  ${since(event)}`)
      return printMetadata(event.metadata)
    case 'STEP_SKIPPED':
      return printLine(`${styleText('yellow', '-')} ${bold(event.step)}  skipped, because ${event.because} did not succeed`)
    case 'RUN_SUCCESS':
    case 'RUN_FAILURE':
    case 'RUN_CANCELED':
      return printLine(`${event.type.slice('RUN_'.length)} in ${whole()}`)
  }
}
