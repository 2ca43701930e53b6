import './before-url.ts'

/** `URL` and `URLSearchParams` as the URL standard has them, names in other alphabets included: an isolate has neither. */
export { URL, URLSearchParams } from 'whatwg-url-minimum'
