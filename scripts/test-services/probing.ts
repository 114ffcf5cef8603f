import type { ResourceType } from 'dagma'
import type { Finding } from 'dagma/author'
import { expect } from 'vitest'
import { bodyMarker, type FaultServer, faultServer, type Handler } from './fault-server.ts'

/** Probes a resource as `dagma doctor` does. No finding may have the text `hidden`, and each that is not good says what to do. */
export async function probed<Settings>(
  type: ResourceType<Settings, unknown>,
  settings: Settings | (() => Settings),
  { hidden, timeoutMs = 60_000 }: { readonly hidden: string; readonly timeoutMs?: number },
): Promise<readonly Finding[]> {
  const context = { projectFolder: '/nowhere', timeoutMs, signal: new AbortController().signal }
  const findings = (await type(settings).probe?.(context)) ?? []
  for (const text of [hidden, bodyMarker]) expect(JSON.stringify(findings)).not.toContain(text)
  for (const { status, fix } of findings) if (status !== 'ok') expect(fix).toMatch(/\S/)
  return findings
}

/** The finding of a check. */
export const the = (findings: readonly Finding[], check: string): Finding | undefined => findings.find((finding) => finding.check === check)

/** Answers a request instead of the server's usual answer, and returns true if it did. */
export type Odd = (...args: Parameters<Handler>) => boolean

/** Starts servers that answer by `usual`, but for what is odd about each. */
export const oddServers =
  (usual: Handler) =>
  (odd: Odd = () => false): Promise<FaultServer> =>
    faultServer((...args) => void (odd(...args) || usual(...args)))
