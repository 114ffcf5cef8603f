import { pageFinding } from '../author/page.ts'
import { pythonFinding } from '../dagster/dev/foreign-package.ts'
import { uiVariable } from '../dagster/host/run-page.ts'
import type { Definitions } from '../definitions/model.ts'
import type { ProbeContext, Resource } from '../definitions/resource.ts'
import { type Finding, failedFinding } from '../metadata/finding.ts'
import { deepLink, isHttpUrl } from '../metadata/links.ts'
import { shortestSecret } from '../metadata/redaction/mark.ts'
import { shortSecrets } from '../metadata/redaction/secret-values.ts'
import { gateValue } from '../runtime/gate/exit-gate.ts'

/** A finding with its subject: the key of a resource, `instrument`, or `project`. */
export interface DoctorFinding extends Finding {
  readonly checked: string
}

/** The findings of `dagma doctor`, in the form that `--json` prints. */
export interface Diagnosis {
  /** `error` if any finding is one. */
  readonly status: 'ok' | 'error'
  readonly findings: readonly DoctorFinding[]
}

/**
 * Checks a project, each system that its resources name, and where its telemetry goes. It changes nothing, and what it gives has passed the
 * exit gate.
 */
export async function diagnose(
  { resources, instrument }: Pick<Definitions, 'resources' | 'instrument'>,
  context: ProbeContext,
): Promise<Diagnosis> {
  const probed = await Promise.all([
    ...[...resources].map(([checked, { probe = withoutProbe }]) => looked(checked, probe, context)),
    ...(instrument?.probe === undefined ? [] : [looked('instrument', instrument.probe, context)]),
  ])
  const own = [
    nodeFinding(process.versions.node),
    pythonFinding(context.projectFolder),
    ...(await uiFindings(context)),
    ...secretFindings(),
  ]
  const findings = gateValue([...own.map((finding) => ({ checked: 'project', ...finding })), ...probed.flat()])
  return { status: findings.some(({ status }) => status === 'error') ? 'error' : 'ok', findings }
}

type Probe = NonNullable<Resource<unknown>['probe']>

const withoutProbe: Probe = async () => [{ check: 'probe', status: 'ok', message: 'This resource has no probe, so it was not checked.' }]

async function looked(checked: string, probe: Probe, context: ProbeContext): Promise<DoctorFinding[]> {
  try {
    return (await probe(context)).map((finding) => ({ checked, ...finding }))
  } catch (error) {
    return [{ checked, ...failedFinding('settings', error) }]
  }
}

/** Declared secrets that cannot be redacted. */
function secretFindings(): Finding[] {
  return shortSecrets().map((check) => ({
    check,
    status: 'warning',
    message: `This secret has fewer than ${shortestSecret} characters, which is too short to redact reliably, so it can appear in output.`,
    fix: 'Use a longer secret.',
  }))
}

/** Whether the pages of runs, to which MLflow runs lead back, are where the variable says. */
async function uiFindings(context: ProbeContext): Promise<Finding[]> {
  const base = process.env[uiVariable]
  if (!base) return []
  if (isHttpUrl(base)) {
    const page = await pageFinding({ key: uiVariable, url: deepLink(base, ''), system: 'Dagster', setting: uiVariable }, context)
    // Runs go on without its UI.
    return [page.status === 'error' ? { ...page, status: 'warning' } : page]
  }
  const message = 'It is not an http or https URL without user name and password, so runs have no link to their page.'
  const fix = 'Set it to the address at which a browser reaches Dagster, for example http://localhost:3000, or unset it.'
  return [{ check: uiVariable, status: 'error', message, fix }]
}

/** Whether this Node can run projects. */
export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const check = 'Node'
  if (major > 22 || (major === 22 && minor >= 18)) return { check, status: 'ok', message: `Node ${version}` }
  return { check, status: 'error', message: `Node ${version} is too old.`, fix: 'Put Node 22.18 or newer first on PATH.' }
}
