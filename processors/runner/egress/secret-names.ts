/** Whether a header carries a credential by its name. Such headers do not follow a redirect to another origin. */
export const isSecretHeader = (name: string): boolean =>
  secretHeader.test(name) && name.toLowerCase() !== 'idempotency-key'

/** The URL as it may be shown: without login and fragment, and `***` for values of parameters whose names speak of secrets. */
export const shownUrl = (url: URL): string => `${url.origin}${url.pathname}${url.search.replace(parameter, hideSecret)}`

const secretHeader = /auth|cookie|token|secret|passw|credential|session|signature|key$|^api-?key/i
const secretParameter =
  /auth|token|secret|passw|pwd|credential|session|signature|assertion|jwt|key$|^(pass|sig|sid|code)$/i

const parameter = /([?&])([^&=]*)=([^&]*)/g

const hideSecret = (whole: string, mark: string, name: string): string =>
  secretParameter.test(plain(name)) ? `${mark}${name}=***` : whole

const plain = (name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
