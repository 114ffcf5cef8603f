import { expect, it } from 'vitest'
import { traceUrls } from './trace-url.ts'

it.each([
  ['http://localhost:16686/trace/{trace_id}', 'http://localhost:16686/trace/abc'],
  ['https://g/explore?left={"q":"{trace_id}"}#{trace_id}', 'https://g/explore?left={"q":"abc"}#abc'],
])('%s', (template, expected) => {
  const made = traceUrls(template)
  expect('traceUrl' in made && made.traceUrl('abc')).toBe(expected)
})

it.each([
  ['http://localhost/trace', 'lacks {trace_id}'],
  ['http://localhost/trace/{run_id}', 'lacks {trace_id}'],
  ['localhost/{trace_id}', 'is not an http or https URL without user info'],
  ['javascript:alert("{trace_id}")', 'is not an http or https URL without user info'],
  ['http://someone:secret@host/{trace_id}', 'is not an http or https URL without user info'],
  ['http://{trace_id}@host/', 'is not an http or https URL without user info'],
  ['http://{trace_id}.host/', 'has {trace_id} in its host'],
])('%s %s', (template, wrong) => {
  expect(traceUrls(template)).toEqual({ wrong })
})
