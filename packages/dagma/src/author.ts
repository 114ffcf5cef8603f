/** What integrations are written with, beside the public API of `dagma`. */

export { type BatchLimits, batches } from './author/batches.ts'
export { eachAtMost } from './author/each-at-most.ts'
export { type HttpAuth, type HttpCall, type HttpService, type HttpServiceOptions, httpService } from './author/http.ts'
export { isOpenToOthers, openKeyFindings } from './author/open-key.ts'
export { type PageLink, pageFinding } from './author/page.ts'
export { record } from './author/record.ts'
export { urlMetadata } from './author/url-metadata.ts'
export { failedFinding, finding } from './metadata/finding.ts'
export { type JsonLimits, type JsonLoss, jsonLoss, lossText } from './metadata/json-loss.ts'
export { checkedHttpUrl, deepLink, isHttpUrl } from './metadata/links.ts'
export { redact } from './metadata/redaction/redact.ts'
export { type HttpFailure, ServiceError } from './metadata/service-error.ts'
