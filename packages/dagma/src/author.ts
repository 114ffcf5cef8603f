/** What integrations are written with, beside the public API of `dagma`. */
export { deepLink, isHttpUrl, checkedHttpUrl } from './metadata/links.ts'
export { type HttpFailure, ServiceError } from './metadata/service-error.ts'
