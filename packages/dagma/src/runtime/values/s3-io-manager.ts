import type { IOContext, IOManager } from '../../definitions/assets/io-manager.ts'
import { connectS3, type S3Connection } from '../../s3.ts'
import { textIOManager } from './text-io-manager.ts'
import { valuePath } from './value-path.ts'

/** Where in S3 values are stored, and how. */
export interface S3IOManagerOptions {
  readonly bucket: string
  /** The prefix of the keys of all objects, such as `analytics/values`. Default: none. */
  readonly prefix?: string
  /** The URL of another server than Amazon's, such as MinIO. Default: `AWS_ENDPOINT_URL_S3`, then `AWS_ENDPOINT_URL`, then Amazon's. */
  readonly endpoint?: string
  /** Default: what the AWS SDK finds, such as `AWS_REGION`. */
  readonly region?: string
  /** How the server encrypts what it stores. Default: as the bucket is set up. */
  readonly serverSideEncryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  /** The key for `aws:kms`. Default: Amazon's own. */
  readonly kmsKeyId?: string
}

/**
 * An IO manager that keeps each value as a JSON object in S3, or in a storage that speaks its protocol, so that steps on several machines find them.
 * Credentials come from where the AWS SDK finds them: the environment, its files, the role of the machine or pod. Requests are repeated as the SDK
 * does, and end with the step. A value counts as stored only when the server has confirmed it. Needs the package `@aws-sdk/client-s3`.
 * @throws DAGMA_PACKAGE_MISSING when the package is not installed, DAGMA_STORAGE_FAILED for what S3 refuses; both in the step that stores or loads
 * @example
 * ```ts
 * const orders = asset({ key: 'orders', run: () => [20, 35] })
 * export default definitions({ assets: [orders], ioManagers: { default: s3IOManager({ bucket: 'acme-data', prefix: 'analytics/values' }) } })
 * ```
 */
export function s3IOManager({ bucket, prefix, serverSideEncryption, kmsKeyId, ...server }: S3IOManagerOptions): IOManager {
  let connection: Promise<S3Connection> | undefined
  const connect = (): Promise<S3Connection> => (connection ??= connectS3('s3IOManager()', server))
  const keyOf = (context: IOContext): string => [...(prefix ? [prefix.replace(/\/+$/, '')] : []), ...valuePath(context)].join('/')
  return textIOManager({
    place: (context) => `s3://${bucket}/${keyOf(context)}`,
    async write(context, text) {
      const { client, PutObjectCommand } = await connect()
      const encryption = { ServerSideEncryption: serverSideEncryption, SSEKMSKeyId: kmsKeyId }
      const object = { Bucket: bucket, Key: keyOf(context), Body: text, ContentType: 'application/json', ...encryption }
      await client.send(new PutObjectCommand(object), { abortSignal: context.signal })
    },
    async read(context) {
      const { client, GetObjectCommand, NoSuchKey } = await connect()
      try {
        const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: keyOf(context) }), { abortSignal: context.signal })
        const text = await object.Body?.transformToString('utf8')
        // S3 gives the second in which it was stored: its end, so that no value seems to be older than it is.
        return text === undefined ? undefined : { text, storedAt: object.LastModified && object.LastModified.getTime() + 999 }
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined
        throw error
      }
    },
  })
}
