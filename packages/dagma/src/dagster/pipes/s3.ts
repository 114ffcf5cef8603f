/** Amazon S3 and what speaks like it, through the AWS SDK: an optional peer, loaded only where Dagster names a bucket. */
import { dagmaError } from '../../errors.ts'

/** The text of an object. @throws DAGMA_PACKAGE_MISSING, and what the AWS SDK throws. */
export async function readS3Object(bucket: string, key: string): Promise<string> {
  const { client, GetObjectCommand } = await connect()
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return (await Body?.transformToString('utf8')) ?? ''
  } finally {
    client.destroy()
  }
}

/** Writes numbered objects, `{keyPrefix}/{index}.json`, where Dagster's `PipesS3MessageReader` looks for them. @throws DAGMA_PACKAGE_MISSING */
export async function s3Upload(bucket: string, keyPrefix: string | undefined): Promise<(text: string, index: number) => Promise<void>> {
  const { client, PutObjectCommand } = await connect()
  return async (text, index) => {
    const key = keyPrefix ? `${keyPrefix}/${index}.json` : `${index}.json`
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ContentType: 'application/x-ndjson' }))
  }
}

/** Region, credentials and endpoint come from where the AWS SDK finds them: the environment, its files, the machine's role. */
async function connect() {
  const sdk = await import('@aws-sdk/client-s3').catch((error) => {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error
    const details = { place: 'dagma/pipes, for the S3 bucket that Dagster names', name: '@aws-sdk/client-s3' }
    throw dagmaError('DAGMA_PACKAGE_MISSING', details, error)
  })
  // A bucket of another server than Amazon's has no host name of its own.
  const forcePathStyle = Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL)
  return { client: new sdk.S3Client({ forcePathStyle }), PutObjectCommand: sdk.PutObjectCommand, GetObjectCommand: sdk.GetObjectCommand }
}
