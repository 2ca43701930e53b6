/** Where a server that listens on `host` and `port` is reached: an address that stands for all of them is nothing to open in a browser. */
export const urlOf = (host: string, port: number): string => {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}
