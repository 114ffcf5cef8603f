import { expect, it } from 'vitest'
import { z } from 'zod'
import type { LanguageModelClient } from '../index.ts'
import { joined } from './open.ts'

const prompt = 'Secrets never leave a run. Schedules tick at night. Why do secrets never leave?'
const schema = z.object({ said: z.string(), letters: z.number().int().min(0) })

/** The tests that every backend of {@link LanguageModelClient} must do. */
export function languageModelConformance(prepare: () => Promise<LanguageModelClient>): void {
  it('answers with text, and says how it ended', async () => {
    const client = await prepare()
    const answer = await client.generateText({ prompt, instructions: 'Be short.' })
    expect(answer).toMatchObject({ finishReason: 'stop', calls: 1, cachedCalls: 0, toolCalls: [] })
    expect(answer.text).toContain('Secrets never leave')
    expect(answer.messages.map(({ role }) => role)).toEqual(['assistant'])
    expect(await client.generateText({ prompt, instructions: 'Be short.' })).toMatchObject({ text: answer.text, model: answer.model })
  })

  it('answers a conversation', async () => {
    const client = await prepare()
    const first = await client.generateText({ prompt })
    const more = { role: 'user', content: 'Does a schedule tick at night?' } as const
    const { text } = await client.generateText({ prompt: [{ role: 'user', content: prompt }, ...first.messages, more] })
    expect(text).toMatch(/tick at night/)
  })

  it('streams the same text, with the same end', async () => {
    const client = await prepare()
    const { textStream, result } = client.streamText({ prompt })
    const parts: string[] = []
    for await (const part of textStream) parts.push(part)
    const whole = await client.generateText({ prompt })
    expect(parts.join('')).toBe(whole.text)
    const { latencyMs: _, ...streamed } = await result
    const { latencyMs: __, ...generated } = whole
    expect(streamed).toEqual(generated)
  })

  it('answers with an object that the schema gives', async () => {
    const { object, calls } = await (await prepare()).generateObject({ prompt, schema })
    expect(object.said).toContain('ecrets never leave')
    expect(object).toEqual(schema.parse(object))
    expect(calls).toBe(1)
  })

  it('answers nothing once the signal was aborted, and throws its reason', async () => {
    const signal = AbortSignal.abort(new Error('canceled'))
    const client = await prepare()
    await expect(client.generateText({ prompt, signal })).rejects.toThrow('canceled')
    await expect(client.generateObject({ prompt, schema, signal })).rejects.toThrow('canceled')
    const { textStream, result } = client.streamText({ prompt, signal })
    await expect(joined(textStream)).rejects.toThrow('canceled')
    await expect(result).rejects.toThrow('canceled')
  })

  it('refuses an empty prompt', async () => {
    const client = await prepare()
    for (const empty of ['', []])
      await expect(client.generateText({ prompt: empty })).rejects.toThrow('Language model: the prompt is empty.')
  })

  it('describes one answer or many in its metadata, without any text', async () => {
    const client = await prepare()
    const one = await client.generateText({ prompt })
    const metadata = client.metadata([one, await client.generateText({ prompt })])
    expect(metadata).toMatchObject({
      backend: client.backend,
      operation: 'generate text',
      model: one.model,
      generations_count: 2,
      model_calls: 2,
    })
    expect(client.metadata(one)).toMatchObject({ finish_reason: 'stop', generations_count: 1 })
    expect(client.metadata([])).toMatchObject({ model: client.model, generations_count: 0, model_calls: 0 })
    for (const [key, value] of Object.entries(metadata))
      expect(typeof value, key).toMatch(['backend', 'operation', 'model'].includes(key) ? /string/ : /number|undefined/)
  })
}
