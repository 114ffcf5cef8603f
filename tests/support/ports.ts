import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'

/** A port of 127.0.0.1 on which nothing listens. */
export async function freePort(): Promise<number> {
  const { port, server } = await takePort()
  server.close()
  await once(server, 'close')
  return port
}

/** Listens on a port of 127.0.0.1; by default on one that is free. */
export async function takePort(wanted = 0): Promise<{ port: number; server: Server }> {
  const server = createServer()
  server.listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, server }
}
