import { expect, test } from 'vitest'
import { setEnvironment } from '../../test/temporary.ts'
import { dagsterUi, runPage } from './run-page.ts'

const warnings: string[] = []
const log = { warning: (message: unknown) => void warnings.push(String(message)) }

test.each([
  ['http://127.0.0.1:3000', 'http://127.0.0.1:3000/runs/r1'],
  ['https://dagster.example/prefix/', 'https://dagster.example/prefix/runs/r1'],
  ['https://dagster.example/?token=t#x', 'https://dagster.example/runs/r1'],
  ['', undefined],
])('at %j it is %j', (base, page) => {
  setEnvironment({ DAGMA_DAGSTER_URL: base })
  const ui = dagsterUi(log)
  expect(ui && runPage(ui, 'r1')).toBe(page)
  expect(warnings).toEqual([])
})

test.each(['localhost:3000', 'http://me:a-password@host'])('%j is warned of, and not repeated', (base) => {
  setEnvironment({ DAGMA_DAGSTER_URL: base })
  expect(dagsterUi(log)).toBeUndefined()
  expect(warnings.splice(0)).toEqual([
    expect.stringMatching(/^DAGMA_DAGSTER_URL is not an http or https URL without user name and password/),
  ])
})
