/** The trace of `run_llm_rag_job` against a Qdrant server: calls of one step in the order in which they are made, those that are made several times once. */
export function ragTrace(...embedding: readonly string[]): string[] {
  return [
    'run run_llm_rag_job',
    '  step embed_texts_stub',
    ...embedding,
    '  step qdrant_upsert',
    '    Qdrant read collection',
    '    Qdrant create collection',
    '    Qdrant upsert points',
    '    Qdrant delete points',
    '  step qdrant_search',
    '    Qdrant query points',
  ]
}
