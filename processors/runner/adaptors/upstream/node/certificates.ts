/** Throws for a client's certificates: the egress makes the connections, with what this server has. */
export const refuseCertificates = (settings: unknown): void => {
  const given = (settings ?? {}) as Readonly<Record<string, unknown>>
  const name = ['cert', 'key', 'pfx', 'ca', 'passphrase'].find((one) => given[one])
  if (name) throw new Error(`tls.${name} is not available: requests use the certificates of this server`)
}
