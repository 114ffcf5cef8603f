import { secret } from 'dagma'
import { faultSuite } from '../../../scripts/test-services/fault-suite.ts'
import { open } from './test/open.ts'

process.env.EMBEDDINGS_FAULT_KEY = 'key-of-the-faults'

faultSuite({
  system: 'Embeddings',
  call: async (url) => {
    const client = await open({ baseUrl: url, model: 'm', apiKey: secret('EMBEDDINGS_FAULT_KEY'), timeoutMs: 400 })
    return client.embed(['a text'])
  },
  idempotent: true,
  secrets: ['key-of-the-faults', 'a text'],
  good: { model: 'm', data: [{ index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 1, total_tokens: 1 } },
})
