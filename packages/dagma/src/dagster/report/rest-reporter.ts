/** Reports through a Dagster web server, where there is no Python: its endpoints take plain JSON metadata. */
import { httpService } from '../../author/http.ts'
import type { HttpService } from '../../author/http-types.ts'
import { dagmaError } from '../../errors.ts'
import { isHttpUrl } from '../../metadata/links.ts'
import type { WireMetadataValue } from '../../metadata/normalize.ts'
import { secret } from '../../metadata/redaction/secret.ts'
import { gateText, gateValue } from '../../runtime/gate/exit-gate.ts'
import { withDescription } from '../check-description.ts'
import { reportedBefore } from './reported-before.ts'
import type { ReportedEvent, Reporter } from './reporter.ts'

const tokenVariable = 'DAGSTER_API_TOKEN'
const headerVariable = 'DAGSTER_API_TOKEN_HEADER'

/**
 * The way to the instance behind the web server at `address`, which `setting` names. A token is sent where DAGSTER_API_TOKEN is set: as a bearer
 * token, or in the header that DAGSTER_API_TOKEN_HEADER names.
 * @throws DAGMA_OPTION_INVALID
 */
export function restReporter(address: string, setting: string): Reporter {
  if (!isHttpUrl(address))
    throw dagmaError('DAGMA_OPTION_INVALID', {
      option: setting,
      reason: 'must be an http or https URL without user name and password, such as http://localhost:3000',
    })
  const value = secret(tokenVariable)
  const header = tokenHeader()
  const service = httpService({
    system: 'Dagster',
    baseUrl: address,
    baseUrlSetting: setting,
    auth: header === undefined ? { bearer: value } : { header, value },
    authSetting: tokenVariable,
    hints: {
      401: `Start the web server without --read-only; if it or a proxy requires a token, check ${tokenVariable}.`,
      404: `Check that ${setting} is the root of a Dagster web server.`,
      405: `Check that ${setting} is the root of a Dagster web server.`,
    },
  })
  const { origin, pathname } = new URL(address)
  return {
    to: gateText(`Dagster at ${origin}${pathname.replace(/\/+$/, '')}`),
    limits:
      'Over REST, metadata arrives as plain text, numbers and JSON: links, tables, Markdown, paths and times lose their type; a check loses whether it blocks, and its description becomes metadata.',
    report: async ({ events }) => {
      const isThere = reportedBefore(service, events)
      const reported: string[] = []
      for (const event of gateValue(events)) {
        if (await isThere(event)) continue
        await send(service, event)
        reported.push(event.id)
      }
      return reported
    },
  }
}

function tokenHeader(): string | undefined {
  const name = process.env[headerVariable] || undefined
  if (name !== undefined && !/^[\w-]+$/.test(name))
    throw dagmaError('DAGMA_OPTION_INVALID', { option: headerVariable, reason: 'must be the name of an HTTP header' })
  return name
}

function send(service: HttpService, event: ReportedEvent): Promise<void> {
  const { type, asset_key } = event
  const about = { asset_key, metadata: plainMetadata(event) }
  const what = type === 'check' ? `check ${event.check} of ${asset_key.join('/')}` : `${type} of ${asset_key.join('/')}`
  return service.send({
    operation: `report the ${what}`,
    method: 'POST',
    path: type === 'check' ? 'report_asset_check/' : `report_asset_${type}/`,
    json:
      type === 'check'
        ? { ...about, check_name: event.check, passed: event.passed, severity: event.severity }
        : { ...about, partition: event.partition, data_version: event.data_version },
  })
}

function plainMetadata(event: ReportedEvent): Readonly<Record<string, unknown>> {
  const metadata = event.type === 'check' ? withDescription(event.metadata, event.description) : event.metadata
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, plainValue(value)] as const))
}

function plainValue({ type, raw_value }: WireMetadataValue): unknown {
  return type === 'timestamp' ? new Date(Number(raw_value) * 1000).toISOString() : raw_value
}
