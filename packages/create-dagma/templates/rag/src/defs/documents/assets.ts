import { readdirSync, readFileSync } from 'node:fs'
import { embeddings } from '@dagma/openai'
import { qdrant } from '@dagma/qdrant'
import { asset, materializeResult } from 'dagma'

const folder = new URL('../../../documents/', import.meta.url)

export const passages = asset({
  key: 'passages',
  group: 'documents',
  description: 'The paragraphs of the Markdown files in documents/.',
  run: () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.md'))
    const found = files.flatMap((document) => {
      const paragraphs = readFileSync(new URL(document, folder), 'utf8').split(/\n\s*\n/)
      const texts = paragraphs.map((text) => text.trim()).filter((text) => text !== '' && !text.startsWith('#'))
      return texts.map((text, index) => ({ id: `${document}#${index + 1}`, document, text }))
    })
    return materializeResult(found, { metadata: { documents_count: files.length, passages_count: found.length } })
  },
})

export const vectors = asset({
  key: 'vectors',
  group: 'documents',
  description: 'The passages with their embeddings.',
  kinds: ['openai'],
  inputs: { passages },
  resources: { embeddings },
  run: async ({ inputs: { passages }, resources: { embeddings }, signal }) => {
    const embedded = await embeddings.embed(
      passages.map(({ text }) => text),
      { signal },
    )
    const rows = passages.map((passage, index) => ({ ...passage, vector: embedded.vectors[index] ?? [] }))
    return materializeResult(rows, { metadata: embeddings.metadata(embedded) })
  },
})

export const collection = asset({
  key: 'collection',
  group: 'documents',
  description: 'The passages in the vector store.',
  kinds: ['qdrant'],
  inputs: { vectors },
  resources: { embeddings, qdrant },
  run: async ({ inputs: { vectors }, resources: { embeddings, qdrant } }) => {
    await qdrant.ensureCollection({ size: vectors[0]?.vector.length ?? 1, distance: embeddings.distance })
    const { points } = await qdrant.upsert(vectors.map(({ id, vector, document, text }) => ({ id, vector, payload: { document, text } })))
    return materializeResult({ points }, { metadata: { points_count: points, ...qdrant.metadata('upsert points') } })
  },
})
