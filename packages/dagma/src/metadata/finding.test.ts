import { expect, it } from 'vitest'
import { failedFinding, finding } from './finding.ts'
import { checkedHttpUrl } from './links.ts'
import { ServiceError } from './service-error.ts'

it('says what was found', async () => {
  expect(await finding('key', () => 'It is there.')).toEqual({ check: 'key', status: 'ok', message: 'It is there.' })
})

it('parts what a ServiceError says from its fix', async () => {
  const failure = { system: 'S', operation: 'look', method: 'GET', url: 'http://h:1/a?key=x', status: 404, reason: 'Not Found' }
  const found = await finding('key', () => {
    throw new ServiceError({ ...failure, hint: 'Make it. Then look again.' })
  })
  expect(found).toEqual({
    check: 'key',
    status: 'error',
    message: 'S: look failed: GET http://h:1/a answered 404: Not Found.',
    fix: 'Make it. Then look again.',
  })
})

it('has a fix for every other error, too', async () => {
  expect(await finding('url', () => checkedHttpUrl('x', 'TESTER_URL'))).toEqual({
    check: 'url',
    status: 'error',
    message: 'TESTER_URL is not an absolute URL.',
    fix: expect.stringMatching(/^Use an absolute http or https URL without user name and password\./),
  })
  expect(failedFinding('x', new RangeError('MLFLOW_USE_TRACKING must be true or false.'))).toMatchObject({
    fix: expect.stringMatching(/\S/),
  })
  expect(failedFinding('x', 'text', 'warning')).toMatchObject({ status: 'warning', fix: expect.stringMatching(/\S/) })
})
