import type { RunEvent } from '../../engine/events.ts'
import { showStatus } from '../../runtime/gate/gated-output.ts'
import { stepErrorLines } from './error-lines.ts'
import { durationText, printLine, printMetadata } from './output.ts'
import type { StepTexts } from './step-texts.ts'
import { styleText } from './style-text.ts'

/** The run that is shown. */
export interface ShownRun {
  /** Its partitions as text. */
  readonly partition: string | null
  /** Stands before the run, such as `[2/30] `. */
  readonly position: string
  /** How many partitions a step makes; when these are several, `[12/29] ` is before each. */
  readonly partitionsOf?: (step: string) => number
}

/** Prints the events of a run, a line each; on a terminal, the running steps are shown below them. */
export function progress({ partition, position, partitionsOf = () => 1 }: ShownRun, steps: StepTexts): (event: RunEvent) => void {
  const place = partitionPlaces(partitionsOf)
  const began = new Map<string, number>()
  const failures = new Map<string, number>()
  const errorLines = stepErrorLines()
  let runBegan = 0
  let stepFailed = false
  const since = (event: { readonly step: string; readonly time: number }): string =>
    styleText('dim', durationText(event.time - (began.get(event.step) ?? event.time)))
  const running = (): void =>
    showStatus(
      began.size === 0
        ? ''
        : `running: ${[...began.keys()].slice(0, 5).map(steps.label).join(', ')}${began.size > 5 ? ` and ${began.size - 5} more` : ''}`,
    )
  return (event) => {
    if (event.type === 'RUN_START') runBegan = event.time
    if (event.type === 'STEP_START' || event.type === 'STEP_RESTARTED') began.set(event.step, event.time)
    if (event.type === 'STEP_FAILURE') stepFailed = true
    if (event.type === 'STEP_UP_FOR_RETRY') failures.set(event.step, (failures.get(event.step) ?? 0) + 1)
    if (event.type === 'RUN_START') printLine(`${position}Run ${event.runId}${partition === null ? '' : ` [${partition}]`}`)
    else printEvent(event, { steps, since, failures, place: place(event), whole: () => durationText(event.time - runBegan) })
    if (event.type === 'RUN_FAILURE' && !stepFailed) printLine(`  ${event.message}`)
    if (event.type === 'STEP_UP_FOR_RETRY' || event.type === 'STEP_FAILURE')
      for (const line of errorLines(event.step, event.error)) printLine(line)
    if (event.type === 'STEP_SUCCESS' || event.type === 'STEP_FAILURE') began.delete(event.step)
    if (event.type.startsWith('RUN_') && event.type !== 'RUN_START') began.clear()
    running()
  }
}

type RetryEvent = Extract<RunEvent, { type: 'STEP_UP_FOR_RETRY' }>

interface EventTexts {
  readonly steps: StepTexts
  /** How long the event's step has been running. */
  readonly since: (event: { readonly step: string; readonly time: number }) => string
  /** How long the run has been running. */
  readonly whole: () => string
  /** How many attempts of each step have failed. */
  readonly failures: ReadonlyMap<string, number>
  /** Which of how many partitions of its step has ended, in a run of several: `[12/29] `. */
  readonly place: string
}

/** Counts the partitions that have ended, of each step by itself. */
function partitionPlaces(partitionsOf: (step: string) => number): (event: RunEvent) => string {
  const ended = new Map<string, Set<string>>()
  return (event) => {
    if (event.type === 'LOG' || event.type === 'ITEMS_PROGRESS' || !('partition' in event) || event.partition === null) return ''
    const partitions = partitionsOf(event.step)
    if (partitions < 2) return ''
    const ofStep = ended.get(event.step) ?? new Set()
    ended.set(event.step, ofStep.add(event.partition))
    return `[${ofStep.size}/${partitions}] `
  }
}

function printEvent(event: RunEvent, { steps, since, whole, failures, place }: EventTexts): void {
  const bold = (text: string): string => styleText('bold', text)
  switch (event.type) {
    case 'LOG': {
      const of = event.partition === undefined ? steps.label(event.step) : `${steps.label(event.step)} [${event.partition}]`
      return printLine(`  ${styleText('dim', `${of} ${event.level}:`)} ${event.message}`)
    }
    case 'ITEMS_PROGRESS': {
      const { step, partition, name, done, failed, all } = event
      const of = `${steps.label(step)}${partition === undefined ? '' : ` [${partition}]`}`
      const what = name === 'items' ? 'items' : `items of ${name}`
      return printLine(`  ${styleText('dim', `[${done}/${all}]`)} ${of} ${what}${failed === 0 ? '' : `, ${failed} failed`}`)
    }
    case 'PARTITION_FAILURE':
      return printLine(`${place}${styleText('red', '✗')} ${bold(steps.label(event.step))} [${event.partition}]  ${event.error.message}`)
    case 'ASSET_MATERIALIZATION':
    case 'ASSET_OBSERVATION': {
      const partition = event.partition === null ? '' : ` [${event.partition}]`
      const took = place === '' ? `  ${since(event)}` : '' // of one of several partitions, its metadata says
      printLine(`${place}${styleText('green', event.type === 'ASSET_OBSERVATION' ? '◉' : '✓')} ${bold(event.asset)}${partition}${took}`)
      return printMetadata(event.metadata)
    }
    case 'ASSET_CHECK_EVALUATION': {
      const mark = event.passed ? styleText('green', '✓') : styleText(event.severity === 'WARN' ? 'yellow' : 'red', '✗')
      printLine(
        `${place}${mark} ${bold(`${event.asset}:${event.check}`)}${event.partition === null ? '' : ` [${event.partition}]`}  ${event.passed ? 'passed' : `failed (${event.severity})`}${event.description === null ? '' : `: ${event.description}`}`,
      )
      return printMetadata(event.metadata)
    }
    case 'STEP_UP_FOR_RETRY':
      return printLine(`${styleText('yellow', '↻')} ${bold(steps.label(event.step))}  ${retryText(event, { steps, failures })}`)
    case 'STEP_FAILURE':
      printLine(`${styleText('red', '✗')} ${bold(steps.label(event.step))}  ${since(event)}`)
      return printMetadata(event.metadata)
    case 'STEP_SKIPPED':
      return printLine(
        `${styleText('yellow', '-')} ${bold(steps.label(event.step))}  skipped because ${steps.label(event.because)} did not succeed`,
      )
    case 'RUN_SUCCESS':
    case 'RUN_FAILURE':
    case 'RUN_CANCELED':
      return printLine(`${event.type.slice('RUN_'.length)} in ${whole()}`)
  }
}

function retryText({ step, delaySeconds }: RetryEvent, { steps, failures }: Pick<EventTexts, 'steps' | 'failures'>): string {
  const attempts = steps.attempts(step)
  const next = `attempt ${(failures.get(step) ?? 0) + 1}${attempts === undefined ? '' : ` of ${attempts}`}`
  return `failed, retrying ${delaySeconds > 0 ? `in ${durationText(delaySeconds * 1000)} ` : ''}(${next})`
}
