import { inspect } from 'node:util'
import { ServiceError } from 'dagma/author'
import { describe, expect, it } from 'vitest'
import { selfSigned } from './certificate.ts'
import { bodyMarker, faultServer, faults, json } from './fault-server.ts'

/** A client's call, as {@link faultSuite} tests it. */
export interface FaultSubject {
  /** Name in errors. */
  readonly system: string
  /** Makes the call, with this time-out and `secrets` as its credentials. */
  readonly call: (url: string, timeoutMs: number) => Promise<unknown>
  /** Whether it may be done twice. */
  readonly idempotent: boolean
  readonly secrets: readonly string[]
  /** The server's answer without a fault. */
  readonly good: unknown
}

/** A time-out that no test waits for. */
const longTimeoutMs = 60_000

/** The faults that every integration must turn into one clear ServiceError, with bounded retries, and nothing secret in it. */
export function faultSuite({ system, call, idempotent, secrets, good }: FaultSubject): void {
  const failure = async (url: string, timeoutMs = longTimeoutMs): Promise<ServiceError> => {
    const error = await call(url, timeoutMs).then(
      () => expect.unreachable('the call went well'),
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(ServiceError)
    const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error)
    for (const hidden of [bodyMarker, ...secrets, ...secrets.map((text) => Buffer.from(text).toString('base64'))])
      expect(shown).not.toContain(hidden)
    expect(error).not.toHaveProperty('cause')
    return error as ServiceError
  }

  describe.concurrent(`${system}: faults`, () => {
    for (const { name, handler, status, reason, hint, requests, timeoutMs } of faults) {
      it(name, async () => {
        await using server = await faultServer(handler)
        const error = await failure(server.url, timeoutMs)
        expect(error.message).toMatch(new RegExp(`^${system}: `))
        expect(error.message).toMatch(reason)
        expect(error.message).toMatch(hint)
        expect(error.message).toContain(server.url)
        expect(error.status).toBe(status)
        expect(server.requests()).toBe(idempotent ? requests.idempotent : requests.other)
      })
    }

    it('connection refused', async () => {
      const server = await faultServer(() => {})
      await server[Symbol.asyncDispose]()
      const error = await failure(server.url)
      expect(error.message).toMatch(/connection refused\. Check that .* is running and that [A-Z_]+ has its host and port\./)
      expect(error.status).toBeUndefined()
    })

    it('https where only http is spoken', async () => {
      await using server = await faultServer(() => {})
      const error = await failure(server.url.replace('http:', 'https:'))
      expect(error.message).toMatch(/no secure connection \([A-Z_]+\)\. Check that [A-Z_]+ uses https only if/)
    })

    it('a certificate that nobody vouches for', async () => {
      await using server = await faultServer((_, response) => json(response, good), selfSigned())
      const error = await failure(server.url)
      expect(error.message).toMatch(/no secure connection \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. .*add its authority to NODE_EXTRA_CA_CERTS\./)
      expect(error.status).toBeUndefined()
      expect(server.requests()).toBe(0)
    })

    it('goes well after a 429 with Retry-After', async () => {
      await using server = await faultServer((_, response, count) =>
        count === 1 ? json(response, {}, 429, { 'retry-after': '1' }) : json(response, good),
      )
      await call(server.url, longTimeoutMs)
      expect(server.requests()).toBe(2)
    })

    it('never sends a secret in the URL', async () => {
      const urls: string[] = []
      await using server = await faultServer((request, response) => {
        urls.push(request.url ?? '')
        json(response, good)
      })
      await call(server.url, longTimeoutMs)
      for (const secret of secrets) expect(urls.join(' ')).not.toContain(encodeURIComponent(secret))
    })
  })
}
