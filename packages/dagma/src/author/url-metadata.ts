import { type Metadata, MetadataValue } from '../metadata/metadata-value.ts'

/**
 * A link as metadata: the URL under `key`, or nothing when there is no link. @throws DAGMA_URL_INVALID when it is not http or https, or has user info
 * @example
 * ```ts
 * const metadata = urlMetadata('shop_url', 'https://shop.example.com/orders')
 * ```
 */
export function urlMetadata(key: string, url: string | undefined): Metadata {
  return url === undefined ? {} : { [key]: MetadataValue.url(url) }
}
