/** Values in S3, against a real server that speaks its protocol. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { motoExecutable, startMoto } from '../../../../../scripts/test-services/moto.ts'
import type { TestService } from '../../../../../scripts/test-services/service.ts'
import { asset, definitions, materialize } from '../../index.ts'
import { connectS3 } from '../../s3.ts'
import { ioManagerConformance, of } from '../../test/io-manager-conformance.ts'
import { setEnvironment, temporaryFolder } from '../../test/temporary.ts'
import { s3IOManager } from './s3-io-manager.ts'

const executable = motoExecutable()

describe.skipIf(!executable)('s3IOManager', () => {
  let server: TestService
  let buckets = 0
  const newBucket = async (): Promise<string> => {
    const bucket = `values-${++buckets}`
    await fetch(`${server.url}/${bucket}`, { method: 'PUT' })
    return bucket
  }
  const place = () => ({ endpoint: server.url, region: 'us-east-1' })
  beforeAll(async () => {
    server = await startMoto(executable)
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'testing' })
  })
  afterAll(() => server?.stop())

  ioManagerConformance('a bucket', async () => s3IOManager({ ...place(), bucket: await newBucket() }))
  ioManagerConformance('a prefix in a bucket', async () => s3IOManager({ ...place(), bucket: await newBucket(), prefix: 'team a/values/' }))

  test('objects are named after their assets, are JSON, and are encrypted as asked', async () => {
    const bucket = await newBucket()
    const manager = s3IOManager({ ...place(), bucket, prefix: 'values', serverSideEncryption: 'AES256' })
    await manager.handleOutput(of('shop/orders', '2026-11-08'), [1])
    const { client, GetObjectCommand } = await connectS3('the test', place())
    const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'values/shop/orders@/2026-11-08.json' }))
    expect(object).toMatchObject({ ContentType: 'application/json', ServerSideEncryption: 'AES256' })
    expect(await object.Body?.transformToString()).toBe('[1]')
  })

  test('steps find in another process what was stored, and a value that was not stored is not reported as materialized', async () => {
    setEnvironment({ AWS_ENDPOINT_URL_S3: server.url, AWS_REGION: 'us-east-1' })
    const make = (bucket: string) => {
      const raw = asset({ key: 'raw', run: () => [1, 2] })
      const total = asset({ key: 'total', inputs: { raw }, run: ({ inputs }) => inputs.raw.length })
      return { total, project: definitions({ assets: [raw, total], ioManagers: { default: s3IOManager({ bucket }) } }) }
    }
    const bucket = await newBucket()
    await materialize(make(bucket).project, { selection: 'raw', projectFolder: temporaryFolder() })
    const { total, project } = make(bucket)
    const run = await materialize(project, { selection: 'total', projectFolder: temporaryFolder() })
    expect(await run.load(total)).toBe(2)

    const refused = await materialize(make('no-such-bucket').project, { projectFolder: temporaryFolder() })
    expect(refused.status).toBe('FAILURE')
    expect(refused.materializations.size).toBe(0)
    const [failure] = refused.events.filter((event) => event.type === 'STEP_FAILURE')
    expect(failure?.error.message).toMatch(
      /The value of asset "raw" cannot be stored \(s3:\/\/no-such-bucket\/raw\.json\): NoSuchBucket: .*\[DAGMA_STORAGE_FAILED\]/,
    )
  })

  test('a server that cannot be reached is named, and a step that is over waits for nothing', async () => {
    const manager = s3IOManager({ ...place(), endpoint: 'http://127.0.0.1:9', bucket: 'b' })
    await expect(manager.loadInput(of('a'))).rejects.toMatchObject({
      code: 'DAGMA_STORAGE_FAILED',
      message: expect.stringContaining('cannot be loaded (s3://b/a.json)'),
    })
    const over = { ...of('a'), signal: AbortSignal.abort(new Error('out of time')) }
    await expect(manager.handleOutput(over, 1)).rejects.not.toMatchObject({ code: 'DAGMA_STORAGE_FAILED' })
  })
})
