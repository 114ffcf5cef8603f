import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { countsOfPytest, countsOfVitest, timesOfPytest, timesOfVitest } from '../../scripts/test.ts'
import { repository } from '../support/repository.ts'

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

  it('knows how long each test ran', () => {
    const assertionResults = [
      { status: 'passed', fullName: 'of one', duration: 1500 },
      { status: 'skipped', fullName: 'of none', duration: null },
    ]
    expect(timesOfVitest({ testResults: [{ name: join(repository, 'tests/a.test.ts'), status: 'passed', assertionResults }] })).toEqual([
      { test: 'tests/a.test.ts: of one', seconds: 1.5 },
      { test: 'tests/a.test.ts: of none', seconds: 0 },
    ])
    const xml =
      '<testsuite><testcase classname="tests.test_a" name="test_b[c]" time="2.25" /><testcase classname="tests.test_a" name="test_d" time="0.5">'
    expect(timesOfPytest(xml)).toEqual([
      { test: 'tests.test_a: test_b[c]', seconds: 2.25 },
      { test: 'tests.test_a: test_d', seconds: 0.5 },
    ])
  })
})
