/** Amazon S3 and what speaks its protocol, through the AWS SDK: an optional peer, loaded where a bucket is named. */
import { dagmaError } from './errors.ts'

export type S3Connection = Awaited<ReturnType<typeof connectS3>>

/**
 * The SDK and a client. Region, credentials and endpoint come from where the SDK finds them, where they are not given: the environment, its files,
 * the machine's role. @throws DAGMA_PACKAGE_MISSING; `place` needs it
 */
export async function connectS3(place: string, { endpoint, region }: { readonly endpoint?: string; readonly region?: string } = {}) {
  const sdk = await import('@aws-sdk/client-s3').catch((error) => {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw dagmaError('DAGMA_PACKAGE_MISSING', { place, name: '@aws-sdk/client-s3' }, error)
  })
  // A bucket of another server than Amazon's has no host name of its own.
  const forcePathStyle = Boolean(endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL)
  const client = new sdk.S3Client({ forcePathStyle, ...(endpoint && { endpoint }), ...(region && { region }) })
  return { client, PutObjectCommand: sdk.PutObjectCommand, GetObjectCommand: sdk.GetObjectCommand, NoSuchKey: sdk.NoSuchKey }
}
