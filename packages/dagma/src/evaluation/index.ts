/** Evaluations of assets: datasets, scorers, and checks that fail when scores are worse beyond noise. */

export { evaluation } from './evaluation.ts'
export type { EvaluationContext, EvaluationExample, EvaluationOptions } from './evaluation-options.ts'
export { type JudgeModel, type LlmJudgeOptions, llmJudge } from './llm-judge.ts'
export { hitRate, mrr, ndcg, type RankingOptions, type RelevantIds } from './retrieval-scorers.ts'
export type { Scorer, Scoring } from './scorer.ts'
export { answerLength, exactMatch, jsonValidity } from './text-scorers.ts'
