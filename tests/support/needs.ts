/** Requirements of tests on the machine. With `CI=true` a missing thing is a failure; elsewhere it skips the test, and says why. */
import { accessSync, constants } from 'node:fs'
import { inject } from 'vitest'

/** Path of a Chromium: `DAGMA_TEST_CHROMIUM`, or where Debian installs it. */
export const chromium = process.env.DAGMA_TEST_CHROMIUM || '/usr/bin/chromium'

/** For `describe.skipIf(lacks(…))`: true when one of the needs is not met. */
export function lacks(...needs: readonly string[]): boolean {
  const missing = needs.filter((need) => need !== '')
  if (missing.length === 0) return false
  const text = missing.join('\n')
  if (process.env.CI === 'true') throw new Error(text)
  console.warn(`Skipped: ${text}`)
  return true
}

export const needsPython = (): string => inject('noPython')

export function needsChromium(): string {
  try {
    accessSync(chromium, constants.X_OK)
    return ''
  } catch {
    return `there is no Chromium at ${chromium}; DAGMA_TEST_CHROMIUM may name one.`
  }
}

export const needsProc = (): string => (process.platform === 'linux' ? '' : 'the processes left behind can only be found on Linux.')
