import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that refuses everybody, and echoes everything it received in its answer. */
export interface EchoServer extends AsyncDisposable {
  readonly url: string
  /** Everything that it received. */
  readonly received: () => string
}

export async function echoServer(): Promise<EchoServer> {
  let received = ''
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const echo = { url: request.url, headers: request.headers, body }
    received += `${Object.values(request.headers).join('\n')}\n`
    const basic = /^Basic (\S+)/.exec(request.headers.authorization ?? '')?.[1]
    if (basic) received += `${Buffer.from(basic, 'base64')}\n`
    const text = JSON.stringify({
      error_code: 'PERMISSION_DENIED',
      message: JSON.stringify(echo),
      detail: echo,
      status: { error: JSON.stringify(echo) },
    })
    response.writeHead(401, { 'content-type': 'application/json', 'x-echo': encodeURIComponent(JSON.stringify(request.headers)) }).end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
