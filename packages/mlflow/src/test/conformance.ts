import { beforeAll, describe, expect, it } from 'vitest'
import type { ContextParts } from '../../../../tests/support/resource-context.ts'
import type { Mlflow, MlflowSettings } from '../index.ts'

type OpenWith = (settings?: Partial<MlflowSettings>, context?: ContextParts) => Promise<Mlflow>

/** The tests that every backend of {@link Mlflow} must do. `prepare` gives a way to open it with settings of its own. */
export function mlflowConformance(form: string, prepare: () => Promise<OpenWith>): void {
  describe(`${form}: conformance`, () => {
    let openWith: OpenWith
    let client: Mlflow
    beforeAll(async () => {
      openWith = await prepare()
      client = await openWith({ experimentName: 'conformance' })
    })

    it('keeps params, metrics with steps, tags and artifacts, and how the run ended', async () => {
      const { run, value } = await client.withRun(
        { name: 'first', tags: { team: 'a' }, assetKey: ['models', 'm'], dagsterRunUrl: 'http://dagster/runs/1' },
        async (current) => {
          expect(current.status).toBe('RUNNING')
          await current.logParams({ rate: 0.1, epochs: 3, deep: true })
          await current.logMetrics({ loss: [3, 2, 1].map((loss, step) => ({ value: loss, step })), slope: 2.5 })
          await current.setTags({ team: 'b', note: 'päivää 😀' })
          await current.logArtifact('model/weights ü.json', '{"w":1}')
          await current.logArtifact('bytes.bin', new Uint8Array([0, 255, 10]))
          return 42
        },
      )
      expect(value).toBe(42)
      expect(run.status).toBe('FINISHED')
      expect(run.counts).toEqual({ params: 3, metrics: 2, artifacts: 2 })
      const data = await client.getRun(run.runId)
      expect(data).toMatchObject({ runId: run.runId, experimentId: run.experimentId, name: 'first', status: 'FINISHED' })
      expect(data.params).toEqual({ rate: '0.1', epochs: '3', deep: 'true' })
      expect(data.metrics).toEqual({ loss: 1, slope: 2.5 })
      expect(data.tags).toMatchObject({
        team: 'b',
        note: 'päivää 😀',
        'dagster.run_id': 'dagster-run-1',
        'dagster.asset_key': 'models/m',
        'dagster.run_url': 'http://dagster/runs/1',
      })
      expect((await client.metricHistory(run.runId, 'loss')).map(({ step, value: loss }) => [step, loss])).toEqual([
        [0, 3],
        [1, 2],
        [2, 1],
      ])
      expect(new TextDecoder().decode(await client.readArtifact(run.runId, 'model/weights ü.json'))).toBe('{"w":1}')
      expect([...(await client.readArtifact(run.runId, 'bytes.bin'))]).toEqual([0, 255, 10])
    })

    it('leads back to the page of the Dagster run when the host knows it', async () => {
      const { run } = await (await openWith({}, { runUrl: 'http://dagster/runs/2' })).withRun({}, () => 1)
      expect((await client.getRun(run.runId)).tags).toMatchObject({
        'dagster.run_id': 'dagster-run-1',
        'dagster.run_url': 'http://dagster/runs/2',
      })
      const { run: unknown } = await client.withRun({}, () => 1)
      expect((await client.getRun(unknown.runId)).tags).not.toHaveProperty('dagster.run_url')
    })

    it('shows the last step of a metric, whenever it was logged', async () => {
      const { run } = await client.withRun({}, async (current) => {
        await current.logMetrics({ loss: 1 }, { step: 5 })
        await current.logMetrics({ loss: 9 }, { step: 2 })
      })
      expect((await client.getRun(run.runId)).metrics).toEqual({ loss: 1 })
    })

    it('splits what is beyond the limits of one call', async () => {
      const many = (count: number, value: string) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]))
      const { run } = await client.withRun({ tags: many(120, 'x') }, async (current) => {
        await current.logParams(many(250, 'p'.repeat(6000)))
        await current.logMetrics({ loss: Array.from({ length: 2500 }, (_, step) => ({ value: step, step })) })
        await current.setTags(many(120, 't'.repeat(8000)))
      })
      const data = await client.getRun(run.runId)
      expect(Object.keys(data.params)).toHaveLength(250)
      expect(data.tags.k119).toBe('t'.repeat(8000))
      expect(await client.metricHistory(run.runId, 'loss')).toHaveLength(2500)
    })

    it('keeps metrics that diverged, of what is infinite the largest number', async () => {
      const { run } = await client.withRun({}, async (current) => {
        const values = [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
        await current.logMetrics({ loss: values.map((value, step) => ({ value, step })), last: Number.NaN })
      })
      const history = await client.metricHistory(run.runId, 'loss')
      expect(history.map(({ value }) => value)).toEqual([1, Number.NaN, Number.MAX_VALUE, -Number.MAX_VALUE])
      expect((await client.getRun(run.runId)).metrics).toEqual({ loss: -Number.MAX_VALUE, last: Number.NaN })
    })

    it.each(['学习率', 'pérdida', 'ß²½Ⅷ', 'доля/обучение', 'תווית', '損失: 1 e-3.x_y'])('takes the name %s', async (name) => {
      const { run } = await client.withRun({ tags: { [name]: 'a' } }, async (current) => {
        await current.logParams({ [name]: 1 })
        await current.logMetrics({ [name]: 2 })
      })
      const { params, metrics, tags } = await client.getRun(run.runId)
      expect([params[name], metrics[name], tags[name]]).toEqual(['1', 2, 'a'])
      expect((await client.metricHistory(run.runId, name)).map(({ value }) => value)).toEqual([2])
    })

    it('does not change a param, but takes it again with the same value', async () => {
      const { run } = await client.withRun({}, async (current) => {
        await current.logParams({ rate: 1 })
        await current.logParams({ rate: 1 })
        await expect(current.logParams({ rate: 2 })).rejects.toThrow(/^MLflow/)
      })
      expect((await client.getRun(run.runId)).params).toEqual({ rate: '1' })
    })

    it('ends a run FAILED when the work throws, with the error that it threw', async () => {
      let runId = ''
      const work = client.withRun({}, (current) => {
        runId = current.runId
        throw new Error('the work')
      })
      await expect(work).rejects.toThrow('the work')
      expect((await client.getRun(runId)).status).toBe('FAILED')
    })

    it('ends a run KILLED when its signal was aborted', async () => {
      const abort = new AbortController()
      let runId = ''
      const work = client.withRun({ signal: abort.signal }, async (current) => {
        runId = current.runId
        abort.abort(new Error('canceled'))
        await current.logMetrics({ loss: 1 })
      })
      await expect(work).rejects.toThrow('canceled')
      expect((await client.getRun(runId)).status).toBe('KILLED')
    })

    it('ends a run once, and logs nothing after', async () => {
      const run = await client.startRun()
      await Promise.all([run.end('KILLED'), run.end('FINISHED')])
      expect((await client.getRun(run.runId)).status).toBe('KILLED')
      await expect(run.logParams({ a: 1 })).rejects.toThrow(/was ended/)
    })

    it('refuses what is beyond the limits before it sends anything', async () => {
      const { run } = await client.withRun({}, async (current) => {
        await expect(current.logParams({ good: 1, long: 'x'.repeat(6001) })).rejects.toThrow(RangeError)
        await expect(current.setTags({ long: 'x'.repeat(8001) })).rejects.toThrow(RangeError)
        await expect(current.logMetrics({ 'bad?': 1 })).rejects.toThrow(RangeError)
        await expect(current.logArtifact('../out.txt', 'x')).rejects.toThrow(RangeError)
      })
      expect((await client.getRun(run.runId)).params).toEqual({})
    })

    it('takes at the same time what is logged at the same time', async () => {
      const { run } = await client.withRun({}, async (current) => {
        await Promise.all(Array.from({ length: 20 }, (_, step) => current.logMetrics({ loss: step }, { step })))
      })
      expect(await client.metricHistory(run.runId, 'loss')).toHaveLength(20)
    })

    it('finds the same experiment by its name, also when two create it concurrently', async () => {
      const both = await Promise.all([openWith({ experimentName: 'race ü' }), openWith({ experimentName: 'race ü' })])
      const [one, two] = await Promise.all(both.map((each) => each.experiment()))
      expect(one).toEqual(two)
      expect(one?.name).toBe('race ü')
      const byId = await openWith({ experimentId: one?.id ?? '' })
      expect((await byId.startRun()).experimentId).toBe(one?.id)
    })

    it('has a version', async () => {
      expect(await client.version()).toMatch(/^(?:local|\d+\.\d+)/)
    })

    it('does not have a run that nobody made', async () => {
      await expect(client.getRun('0'.repeat(32))).rejects.toThrow(/MLflow/)
    })
  })
}
