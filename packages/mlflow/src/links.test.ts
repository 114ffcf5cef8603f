import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mlflowExperimentUrl, mlflowRunUrl, mlflowTrackingUri, shownUri } from './links.ts'

const run = { runId: 'r1', experimentId: '3' }

describe('the link to a run', () => {
  it.each([
    ['the UI base comes first', { uiBaseUrl: 'http://ui:5000', trackingUri: 'http://api:5001' }, 'http://ui:5000/#/experiments/3/runs/r1'],
    ['then the tracking URI', { trackingUri: 'https://api' }, 'https://api/#/experiments/3/runs/r1'],
    ['an empty UI base is none', { uiBaseUrl: '', trackingUri: 'https://api' }, 'https://api/#/experiments/3/runs/r1'],
    [
      'a UI base of another kind is none',
      { uiBaseUrl: 'localhost:5000', trackingUri: 'https://api' },
      'https://api/#/experiments/3/runs/r1',
    ],
    [
      'a base with user info is none',
      { uiBaseUrl: 'http://me:pass@ui', trackingUri: 'https://api' },
      'https://api/#/experiments/3/runs/r1',
    ],
    ['slashes at its end do not count', { uiBaseUrl: 'http://ui:5000///' }, 'http://ui:5000/#/experiments/3/runs/r1'],
    ['its path is kept', { uiBaseUrl: 'http://ui/mlflow/' }, 'http://ui/mlflow/#/experiments/3/runs/r1'],
    ['its query and hash are not', { uiBaseUrl: 'http://ui/x?a=b#/experiments' }, 'http://ui/x/#/experiments/3/runs/r1'],
    ['the set experiment comes first', { trackingUri: 'https://api', experimentId: '9' }, 'https://api/#/experiments/9/runs/r1'],
    ['an empty experiment is none', { trackingUri: 'https://api', experimentId: '' }, 'https://api/#/experiments/3/runs/r1'],
    [
      'a workspace stands after the route',
      { trackingUri: 'https://api', workspace: 'a b' },
      'https://api/#/experiments/3/runs/r1?workspace=a%20b',
    ],
    ['the default workspace is not named', { trackingUri: 'https://api', workspace: 'default' }, 'https://api/#/experiments/3/runs/r1'],
    ['a file store has none', { trackingUri: 'file:///mlruns' }, undefined],
    ['nothing set, no link', {}, undefined],
    ['a tracking URI with user info has none', { trackingUri: 'http://me:pass@api' }, undefined],
  ])('%s', (_, settings, url) => expect(mlflowRunUrl(settings, run)).toBe(url))

  it('is like that of the experiment', () =>
    expect(mlflowExperimentUrl({ trackingUri: 'https://api/', workspace: 'w' }, '3')).toBe('https://api/#/experiments/3?workspace=w'))

  it('is always an http(s) URL below its base, whatever the ids are', () =>
    fc.assert(
      fc.property(fc.webUrl(), fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (base, experimentId, runId) => {
        const url = URL.parse(mlflowRunUrl({ uiBaseUrl: base }, { experimentId, runId }) ?? '')
        expect(url?.origin).toBe(new URL(base).origin)
        expect(url?.hash.split('/')).toHaveLength(5)
      }),
    ))
})

describe('the tracking URI', () => {
  it.each([
    ['http://api:5000', 'url', 'http://api:5000'],
    ['https://me:pass@api/x?token=t#h', 'url', 'https://api/x'],
    ['sqlite:///mlflow.db', 'text', 'sqlite:///mlflow.db'],
    ['postgresql://me:p@ss@db/mlflow', 'text', 'postgresql://db/mlflow'],
    ['databricks', 'text', 'databricks'],
  ])('%s is shown as %s', (uri, type, value) => expect(mlflowTrackingUri(uri)).toMatchObject({ type, value }))

  it('never shows user info', () =>
    fc.assert(
      fc.property(
        fc.constantFrom('http', 'https', 'postgresql', 'mysql+pymysql'),
        fc.stringMatching(/^[A-Za-z0-9!$&'()*+,;=:@%._~-]{12,30}$/),
        (scheme, secret) => {
          expect(shownUri(`${scheme}://u:${secret}@host/path`)).toBe(`${scheme}://host/path`)
        },
      ),
    ))
})
