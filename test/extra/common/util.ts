import { all, type Case, type Common, name, state } from './case.ts'

export const utilCases: readonly Case[] = [
  ...[
    ['text', undefined],
    [{ a: 1 }, undefined],
    ['é患😀', undefined],
    ['', undefined],
    [[1], undefined],
    [5, undefined],
    [null, undefined],
  ].map(([value]) => ({
    says: `util.encode ${JSON.stringify(value)}`,
    call: ({ util }: Common) => util.encode(value),
  })),
  ...all(['dGV4dA==', 'eyJhIjoxfQ==', 'WzFd', 'e3g=', '', 'w6nmgqPwn5iA', 'dGV4dA', 'IC0tIA', '_-8='], (text) => ({
    says: `util.decode ${text}`,
    call: ({ util }) => util.decode(text),
  })),
  { says: 'util.decode as text', call: ({ util }) => util.decode('eyJhIjoxfQ==', { parseJson: false }) },
  { says: 'util.encode as text', call: ({ util }) => util.encode('a', { parseJson: false }) },
  { says: 'util.encode undefined', call: ({ util }) => util.encode(undefined) },
  {
    says: 'util.uuid',
    call: ({ util }) =>
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(String(util.uuid())),
  },
  { says: 'util.makeBasicAuthHeader', call: ({ util }) => util.makeBasicAuthHeader('ü', 'p:w') },
  {
    says: 'util.expandReferences',
    call: ({ util }) => util.expandReferences(state(), name, { a: [name] }, 5, [() => name], null),
  },
  {
    says: 'util.expandReferences of a RegExp',
    call: ({ util }) => String((util.expandReferences({}, /x/g) as unknown as unknown[])[0]),
  },
  {
    says: 'util.expandReferences of a Date',
    call: ({ util }) => util.expandReferences({}, new Date(0)),
    differs: 'C18',
  },
  {
    says: 'util.expandReferences of a Map',
    call: ({ util }) => util.expandReferences({}, new Map([[1, 2]])),
    differs: 'C18',
  },
  { says: 'util.throwError', call: ({ util }) => util.throwError('CODE', { description: 'd', fix: 'f', x: 1 }) },
  { says: 'util.throwError with a number', call: ({ util }) => util.throwError(404) },
  ...all(['/a', 'a/b?c=1', '', 'https://a.org/x', 'see http://b.org'], (path) => ({
    says: `util.assertRelativeUrl ${path}`,
    call: ({ util }) => util.assertRelativeUrl(path),
  })),
  ...(
    [
      ['/b', 'https://a.org'],
      ['b', 'https://a.org/x'],
      ['/b?c=1&d=2&d=3', 'https://a.org/x/'],
      ['https://a.org/b?q=x%20y', 'https://a.org/z'],
      ['https://a.org:444/b', 'https://a.org'],
      ['https://b.org', 'https://a.org'],
      ['https://a.org/b', undefined],
      ['/b', undefined],
      ['', 'https://a.org/x'],
    ] as const
  ).map(([path, base]) => ({
    says: `util.parseUrl ${path} ${base}`,
    call: ({ util }: Common) => util.parseUrl(path, base),
  })),
  ...all(['now', 'today', 'yesterday', '3 hours ago', '2 days ago', 'tomorrow'], (text) => ({
    says: `util.parseDate ${text}`,
    call: ({ util }) => util.parseDate(text),
  })),
  { says: 'util.parseDate start', call: ({ util }) => util.parseDate('start', new Date(5)) },
  {
    says: 'util.normalizeOauthConfig',
    call: ({ util }) => util.normalizeOauthConfig({ access_token: 'x', a: 1 }),
  },
  {
    says: 'util.normalizeOauthConfig as it is',
    call: ({ util }) => util.normalizeOauthConfig({ accessToken: 'x' }),
  },
  {
    says: 'util.normalizeOauthConfig of both',
    call: ({ util }) => util.normalizeOauthConfig({ access_token: 'x', accessToken: 'y' }),
  },
  {
    says: 'util.encodeFormBody',
    call: ({ util }) => [
      ...(util.encodeFormBody({
        a: 1,
        b: null,
        c: { d: 1 },
        e: undefined,
        f: [1],
        g: false,
      }) as unknown as Iterable<unknown>),
    ],
  },
  {
    says: 'util.logResponse',
    call: ({ util }) =>
      util.logResponse({ method: 'GET', url: 'https://a.org', statusCode: 200, duration: 5, query: { a: 1 } }),
  },
  ...(
    [
      ['21.11.2026', 'dd.MM.yyyy'],
      ['2026-11-21 15:30', 'yyyy-MM-dd HH:mm'],
      ['Nov 3, 2026', 'MMM d, yyyy'],
      ['3 November 2026', 'd MMMM yyyy'],
      ['12/31/26', 'MM/dd/yy'],
      ['2026-02-30', 'yyyy-MM-dd'],
      ['5:07 PM', 'h:mm a'],
    ] as const
  ).map(([text, format]) => ({
    says: `dateFns.parse ${text}`,
    call: ({ dateFns }: Common) => dateFns.parse(text, format, new Date(2026, 0, 1)),
  })),
  ...all(
    ['yyyy-MM-dd', "yyyy-MM-dd'T'HH:mm:ss.SSSxxx", 'EEEE, do MMMM yyyy', 'h:mm a', 'PPPP', 'II', 'QQQ', 'DDD'],
    (format) => ({
      says: `dateFns.format ${format}`,
      call: ({ dateFns }) => dateFns.format(new Date(2026, 10, 21, 15, 30, 5), format),
    }),
  ),
]
