/** The trace of `run_llm_rag_job` with every system: calls of one step in the order in which they are made, those that are made several times once. */
export const ragTrace = [
  'run run_llm_rag_job',
  '  step embed_texts_stub',
  '    openai embed texts',
  '      Embeddings embed texts',
  '  step qdrant_upsert',
  '    Qdrant read collection',
  '    Qdrant create collection',
  '    Qdrant upsert points',
  '    Qdrant delete points',
  '  step qdrant_search',
  '    qdrant find points',
  '      Qdrant query points',
]
