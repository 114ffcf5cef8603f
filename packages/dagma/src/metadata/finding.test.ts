import { expect, it } from 'vitest'
import { failedFinding, finding } from './finding.ts'
import { checkedHttpUrl } from './links.ts'
import { ServiceError } from './service-error.ts'

it('says what was found', async () => {
  expect(await finding('key', () => 'It is there.')).toEqual({ check: 'key', status: 'good', found: 'It is there.' })
})

it('parts what a ServiceError says from its cure', async () => {
  const failure = { system: 'S', operation: 'look', method: 'GET', url: 'http://h:1/a?key=x', status: 404, reason: 'Not Found' }
  const found = await finding('key', () => {
    throw new ServiceError({ ...failure, cure: 'Make it. Then look again.' })
  })
  expect(found).toEqual({
    check: 'key',
    status: 'bad',
    found: 'S: look failed: GET http://h:1/a answered 404: Not Found.',
    cure: 'Make it. Then look again.',
  })
})

it('has a cure for every other error, too', async () => {
  expect(await finding('url', () => checkedHttpUrl('x', 'TESTER_URL'))).toEqual({
    check: 'url',
    status: 'bad',
    found: 'TESTER_URL is no absolute URL.',
    cure: expect.stringMatching(/^Use an absolute http or https URL without user name and password\./),
  })
  expect(failedFinding('x', new RangeError('MLFLOW_USE_TRACKING must be true or false.'))).toMatchObject({
    cure: expect.stringMatching(/\S/),
  })
  expect(failedFinding('x', 'text', 'warning')).toMatchObject({ status: 'warning', cure: expect.stringMatching(/\S/) })
})
