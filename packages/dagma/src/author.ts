/** What integrations are written with, beside the public API of `dagma`. */
export { deepLink, isHttpUrl, checkedHttpUrl } from './metadata/links.ts'
export { type HttpFailure, ServiceError } from './metadata/service-error.ts'
export { type HttpAuth, type HttpCall, type HttpService, type HttpServiceOptions, httpService } from './author/http.ts'
