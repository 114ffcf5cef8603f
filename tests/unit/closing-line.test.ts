import { describe, expect, it } from 'vitest'
import { countsOfPytest, countsOfVitest } from '../../scripts/test.ts'

describe('the closing line of npm test', () => {
  it('counts what Vitest reports', () => {
    const tests = (...statuses: string[]) => statuses.map((status) => ({ status }))
    const testResults = [
      { status: 'passed', assertionResults: tests('passed', 'passed', 'pending', 'todo') },
      { status: 'failed', assertionResults: tests('passed', 'failed', 'skipped') },
      { status: 'failed', assertionResults: [] }, // it could not be loaded
    ]
    expect(countsOfVitest({ testResults })).toEqual({ passed: 3, failed: 2, skipped: 3 })
  })

  it('counts what pytest reports', () => {
    const xml =
      '<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1.0">'
    expect(countsOfPytest(xml)).toEqual({ passed: 4, failed: 3, skipped: 3 })
    expect(() => countsOfPytest('<testsuites/>')).toThrow('no report')
  })
})
