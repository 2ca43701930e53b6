/** Node's module `os`, of a machine that has nothing to tell. */
export const EOL = '\n'
export const [platform, type, release, arch, hostname, tmpdir, homedir, endianness] = [
  ...['linux', 'Linux', '', 'x64', 'localhost', '/tmp', '/', 'LE'],
].map((value) => (): string => value)
export const cpus = (): readonly unknown[] => []
export const networkInterfaces = (): object => ({})
export const [totalmem, freemem, uptime] = [0, 0, 0].map((value) => (): number => value)
