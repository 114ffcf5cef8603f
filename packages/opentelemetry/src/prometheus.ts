import { createServer } from 'node:http'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import type { Outlet } from './outlet.ts'

/**
 * Serves `/metrics` as long as the process lives. Neither the server nor a scraper's open connection keeps the process alive, which the exporter's
 * own server would do. An address that is taken is a warning: another process of the same project may have it.
 */
export function prometheusEndpoint({ host, port }: { readonly host: string; readonly port: number }, outlet: Outlet): PrometheusExporter {
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true })
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] === '/metrics' && request.method === 'GET') exporter.getMetricsRequestHandler(request, response)
    else response.writeHead(404).end()
  })
  server.on('connection', (socket) => socket.unref())
  server.on('error', (error: NodeJS.ErrnoException) => {
    outlet.warn('prometheus', `there is no Prometheus endpoint at ${host}:${port}: ${error.code ?? 'it could not be opened'}.`)
  })
  server.listen({ host, port }).unref()
  return exporter
}
