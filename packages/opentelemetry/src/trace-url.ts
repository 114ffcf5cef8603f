import { isHttpUrl } from 'dagma/author'

/** Makes the address of a trace's page. */
export type TraceUrl = (traceId: string) => string

const placeholder = '{trace_id}'

/** The trace pages that a template such as `http://localhost:16686/trace/{trace_id}` tells; or what is wrong with it. */
export function traceUrls(template: string): { readonly traceUrl: TraceUrl } | { readonly wrong: string } {
  if (!template.includes(placeholder)) return { wrong: `lacks ${placeholder}` }
  const traceUrl: TraceUrl = (traceId) => template.replaceAll(placeholder, traceId)
  const [one, other] = ['0'.repeat(32), 'f'.repeat(32)].map(traceUrl)
  if (!isHttpUrl(one) || !isHttpUrl(other)) return { wrong: 'is not an http or https URL without user info' }
  if (new URL(one).origin !== new URL(other).origin) return { wrong: `has ${placeholder} in its host` }
  return { traceUrl }
}
