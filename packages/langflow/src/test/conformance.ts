import { beforeAll, describe, expect, it } from 'vitest'
import type { Langflow } from '../index.ts'

/** The tests that every backend of {@link Langflow} must do, with a default flow that answers what it was asked. */
export function langflowConformance(form: string, prepare: () => Promise<Langflow>): void {
  describe(`${form}: conformance`, () => {
    let client: Langflow
    beforeAll(async () => {
      client = await prepare()
    })

    it('answers with its text, the session and its outputs, and nothing else', async () => {
      const text = 'hyvää päivää 😀'
      const output = { component: expect.stringContaining('ChatOutput'), name: 'message', value: text, text }
      const answer = await client.runFlow({ input: text, sessionId: 'session-1' })
      expect(answer).toEqual({ text, texts: [text], outputs: [output], sessionId: 'session-1', outputsCount: 1 })
    })

    it('takes the flow for the session when none is given', async () => {
      expect((await client.runFlow({ input: 'a' })).sessionId).toBe(client.defaultFlowId)
    })

    it('runs the flow that the call names', async () => {
      const flow = client.defaultFlowId ?? ''
      expect(await client.runFlow({ flow, input: 'b', inputType: 'chat', outputType: 'chat', tweaks: {} })).toMatchObject({ text: 'b' })
    })

    it('answers at the same time what is asked at the same time', async () => {
      const asked = Array.from({ length: 5 }, (_, index) => `question ${index}`)
      const answers = await Promise.all(asked.map((input) => client.runFlow({ input, sessionId: input })))
      expect(answers.map(({ text }) => text)).toEqual(asked)
    })

    it('runs nothing once the signal was aborted, and throws its reason', async () => {
      const signal = AbortSignal.abort(new Error('canceled'))
      await expect(client.runFlow({ input: 'a', signal })).rejects.toThrow('canceled')
    })

    it('says whether it is up, and its version', async () => {
      expect(await client.health()).toBe(true)
      expect(await client.version()).toMatch(/^(?:local|\d+\.\d+\.\d+)/)
    })
  })
}
