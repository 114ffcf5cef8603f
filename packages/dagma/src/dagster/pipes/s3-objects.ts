/** The objects in S3 that Dagster's Pipes context injector writes and its message reader reads. */
import { connectS3 } from '../../s3.ts'

const place = 'dagma/pipes, for the S3 bucket that Dagster names'

/** The text of an object. @throws DAGMA_PACKAGE_MISSING, and what the AWS SDK throws. */
export async function readS3Object(bucket: string, key: string): Promise<string> {
  const { client, GetObjectCommand } = await connectS3(place)
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return (await Body?.transformToString('utf8')) ?? ''
  } finally {
    client.destroy()
  }
}

/** Writes numbered objects, `{keyPrefix}/{index}.json`, where Dagster's `PipesS3MessageReader` looks for them. @throws DAGMA_PACKAGE_MISSING */
export async function s3Upload(bucket: string, keyPrefix: string | undefined): Promise<(text: string, index: number) => Promise<void>> {
  const { client, PutObjectCommand } = await connectS3(place)
  return async (text, index) => {
    const key = keyPrefix ? `${keyPrefix}/${index}.json` : `${index}.json`
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ContentType: 'application/x-ndjson' }))
  }
}
