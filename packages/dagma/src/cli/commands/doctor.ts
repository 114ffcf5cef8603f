import { Command } from 'commander'
import type { DoctorFinding } from '../../doctor/diagnose.ts'
import type { Finding } from '../../metadata/finding.ts'
import { endWith, exitCodes } from '../terminal/exit-codes.ts'
import { interruption } from '../terminal/interruption.ts'
import { type JsonOption, jsonOption, loadProject, type ModuleOption, moduleOption, positiveInteger } from '../terminal/options.ts'
import { printJson, printLine } from '../terminal/output.ts'
import { styleText } from '../terminal/style-text.ts'

/** `dagma doctor` */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check the systems that the project uses, their keys, variables and links, with a fix for what is wrong.')
    .option('-t, --timeout <seconds>', 'timeout of each call', positiveInteger, 5)
    .addOption(moduleOption())
    .addOption(jsonOption())
    .action(async ({ timeout, ...options }: ModuleOption & JsonOption & { timeout: number }) => {
      const { project, definitions } = await loadProject(options)
      const context = { projectFolder: project.folder, timeoutMs: Math.min(timeout, 300) * 1000, signal: interruption('the check') }
      const { diagnose } = await import('../../doctor/diagnose.ts') // what other commands need not load
      const report = await diagnose(definitions, context)
      if (options.json) printJson(report)
      else printFindings(report.findings)
      if (report.status === 'error') endWith(exitCodes.runFailed)
    })
}

const marks: { readonly [Status in Finding['status']]: string } = {
  ok: styleText('green', '✓'),
  local: styleText('dim', '○'),
  warning: styleText('yellow', '!'),
  error: styleText('red', '✗'),
}

/** The findings as a table, each fix below its message. */
function printFindings(findings: readonly DoctorFinding[]): void {
  const widest = (textOf: (finding: DoctorFinding) => string): number => Math.max(...findings.map((finding) => textOf(finding).length))
  const [first, second] = [widest(({ checked }) => checked), widest(({ check }) => check)]
  printLine(styleText('dim', `  ${'CHECKED'.padEnd(first)}  ${'CHECK'.padEnd(second)}  RESULT`))
  for (const { checked, check, status, message, fix } of findings) {
    printLine(`${marks[status]} ${checked.padEnd(first)}  ${check.padEnd(second)}  ${message}`)
    if (fix !== undefined) printLine(`${' '.repeat(first + second + 6)}→ ${fix}`)
  }
  const count = (status: Finding['status'], one: string, many: string): string => {
    const found = findings.filter((finding) => finding.status === status).length
    return `${found} ${found === 1 ? one : many}`
  }
  printLine(
    `\n${count('error', 'problem', 'problems')}, ${count('warning', 'warning', 'warnings')}, ${count('local', 'local backend', 'local backends')}.`,
  )
}
