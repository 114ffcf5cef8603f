import { expect, it } from 'vitest'
import { spanAttributes } from './span-attributes.ts'

it('the root has the session, the tags and the links that lead back', () => {
  const attributes = {
    'dagma.span_kind': 'run',
    'dagma.run_id': 'r1',
    'dagma.job_name': 'nightly',
    'dagma.partition_key': '2026-11-28',
    'dagma.status': 'success',
    'dagma.run_url': 'http://dagster/runs/r1',
    'dagma.asset_keys': ['shop/orders'],
    'dagma.asset_urls': ['http://dagster/assets/shop/orders'],
  }
  expect(spanAttributes({ kind: 'run', attributes })).toEqual({
    'mlflow.spanType': 'WORKFLOW',
    'session.id': 'nightly',
    'mlflow.traceTag.dagster.run_id': 'r1',
    'mlflow.traceTag.dagster.run_url': 'http://dagster/runs/r1',
    'mlflow.traceTag.dagster.asset_key': 'shop/orders',
    'mlflow.traceTag.dagster.asset_url': 'http://dagster/assets/shop/orders',
    'mlflow.traceTag.dagster.partition': '2026-11-28',
    'mlflow.spanInputs': { job: 'nightly', partition: '2026-11-28', assets: ['shop/orders'] },
    'mlflow.spanOutputs': {
      status: 'success',
      'run in Dagster': 'http://dagster/runs/r1',
      'shop/orders in Dagster': 'http://dagster/assets/shop/orders',
    },
  })
})

it('of several assets each has its own tag; of none there is none', () => {
  const urls = { 'dagma.asset_keys': ['a', 'b'], 'dagma.asset_urls': ['http://d/assets/a', 'http://d/assets/b'] }
  const several = spanAttributes({ kind: 'run', attributes: urls })
  expect(several).toMatchObject({ 'mlflow.traceTag.dagster.asset_key': 'a, b', 'mlflow.traceTag.dagster.asset_url/b': 'http://d/assets/b' })
  const without = spanAttributes({ kind: 'run', attributes: { 'dagma.asset_keys': ['a', 'b'] } })
  expect(Object.keys(without).filter((name) => name.includes('url'))).toEqual([])
  expect(Object.keys(spanAttributes({ kind: 'run', attributes: {} }))).toEqual([
    'mlflow.spanType',
    'mlflow.spanInputs',
    'mlflow.spanOutputs',
  ])
})

it('a step tells its assets, and its figures', () => {
  const attributes = {
    'dagma.asset_keys': ['a'],
    'dagma.retry_count': 1,
    'dagma.points_count': 4,
    'dagma.status': 'failure',
    'exception.message': 'no',
  }
  expect(spanAttributes({ kind: 'step', attributes })).toEqual({
    'mlflow.spanType': 'TASK',
    'mlflow.spanInputs': { assets: ['a'], retry: 1 },
    'mlflow.spanOutputs': { status: 'failure', error: 'no', points_count: 4 },
  })
})

it.each([
  ['ids where there are no texts', undefined, 'p1'],
  ['texts', JSON.stringify(['a passage']), 'a passage'],
  ['the text of a payload', JSON.stringify([{ text: 'a passage', page: 1 }]), 'a passage'],
  ['a payload without a text', JSON.stringify([{ page: 1 }]), '{"page":1}'],
  ['what is not JSON any more', '["[redacted', 'p1'],
])('documents of a retrieval have %s', (_what, output, page_content) => {
  const attributes = { 'dagma.limit': 1, 'gen_ai.retrieval.documents': '[{"id":"p1","score":0.5}]', 'dagma.output': output }
  expect(spanAttributes({ kind: 'retrieval', attributes })).toEqual({
    'mlflow.spanType': 'RETRIEVER',
    'mlflow.spanInputs': { limit: 1 },
    'mlflow.spanOutputs': [{ id: 'p1', page_content, metadata: { score: 0.5, doc_uri: 'p1' } }],
  })
})

it('a generation is a conversation where its messages are shown', () => {
  const messages = [{ role: 'user', content: 'which?' }]
  const attributes = {
    'gen_ai.request.model': 'm',
    'dagma.finish_reason': 'stop',
    'gen_ai.input.messages': JSON.stringify(messages),
    'gen_ai.output.messages': '"that"',
  }
  expect(spanAttributes({ kind: 'generation', attributes })).toEqual({
    'mlflow.spanType': 'CHAT_MODEL',
    'mlflow.spanInputs': { model: 'm', finish_reason: 'stop', messages },
    'mlflow.spanOutputs': 'that',
  })
  expect(spanAttributes({ kind: 'generation', attributes: { 'gen_ai.request.model': 'm', 'dagma.status': 'success' } })).toEqual({
    'mlflow.spanType': 'CHAT_MODEL',
    'mlflow.spanInputs': { model: 'm' },
    'mlflow.spanOutputs': { status: 'success' },
  })
})

it('a call is left as it is', () => {
  expect(spanAttributes({ kind: 'call', attributes: { 'dagma.system': 'Store' } })).toEqual({})
})
