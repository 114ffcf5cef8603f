import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkedObject, jsonSchemaOf } from '../json-answer.ts'
import { objectOf } from './object-of.ts'
import { bestSentences } from './sentences.ts'

const passages = `Use the passages, and cite them.

[1] Secrets are redacted in every log line. They are read from variables.
[2] A schedule starts its job at the times of its cron expression.
[3] The event log of the embedded engine is an SQLite file.

Question: Where are secrets redacted?`

describe('the best sentences', () => {
  it('are those that share rare words with the question, as they are in the text', () => {
    expect(bestSentences(passages)).toEqual(['[1] Secrets are redacted in every log line.'])
    expect(bestSentences(passages.replace(/Question.*/, 'When does a schedule start its job?'))[0]).toMatch(/^\[2\]/)
  })

  it('of one sentence are that sentence, and of nothing nothing', () => {
    expect(bestSentences('Hello.')).toEqual(['Hello.'])
    expect(bestSentences(' \n ')).toEqual([])
  })

  it('are in the text, are the same each time, and are few', () =>
    fc.assert(
      fc.property(fc.array(fc.lorem({ mode: 'sentences', maxCount: 4 }), { maxLength: 6 }), (paragraphs) => {
        const text = paragraphs.join('\n')
        const found = bestSentences(text)
        expect(found).toEqual(bestSentences(text))
        expect(found.length).toBeLessThanOrEqual(3)
        for (const sentence of found) expect(text).toContain(sentence)
      }),
    ))
})

describe('the object of a schema', () => {
  it('has texts, numbers that fit, named values and lists', () => {
    const schema = z.object({
      answer: z.string(),
      score: z.number().min(0).max(1),
      verdict: z.enum(['wrong', 'right']),
      sentences: z.array(z.string()).min(1).max(2),
      sure: z.boolean(),
      nested: z.object({ page: z.int().optional(), none: z.null() }),
    })
    const sentences = ['On page 12 the answer is right.', 'It scores 0.75.', 'Yes.']
    expect(objectOf(jsonSchemaOf(schema, undefined), sentences)).toEqual({
      answer: sentences.join(' '),
      score: 0.75,
      verdict: 'right',
      sentences: sentences.slice(0, 2),
      sure: true,
      nested: { page: 12, none: null },
    })
  })

  it('fits the schema, whatever the sentences are', () => {
    const schema = z.object({
      a: z.string().max(5),
      b: z.int().min(3).max(7),
      c: z.enum(['x', 'y']),
      d: z.array(z.object({ e: z.number(), f: z.union([z.string(), z.number()]) })).min(2),
      g: z.literal('g'),
    })
    return fc.assert(
      fc.asyncProperty(fc.array(fc.string(), { maxLength: 3 }), async (sentences) => {
        expect(await checkedObject(objectOf(jsonSchemaOf(schema, undefined), sentences), schema)).toHaveProperty('object')
      }),
    )
  })

  it('of a schema that contains itself has an end', () => {
    interface Tree {
      name: string
      children: Tree[]
    }
    const tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(tree) }))
    expect(objectOf(jsonSchemaOf(tree, undefined), [])).toMatchObject({ name: '', children: [] })
  })

  it('needs JSON Schema, from the library or beside it', () => {
    const plain = { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } } as const
    expect(() => jsonSchemaOf(plain, undefined)).toThrow(
      'Language model: "own" does not convert its schemas to JSON Schema. Pass it as jsonSchema, too.',
    )
    expect(jsonSchemaOf(plain, { type: 'string' })).toEqual({ type: 'string' })
  })
})
