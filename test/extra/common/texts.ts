import { all, type Case } from './case.ts'

export const textCases: readonly Case[] = [
  ...all(
    ['mario_ROSSI', 'a-b_c d', 'HELLO', '', ' x ', "o'BRIEN", 'one.two', '3rd of may', '_x_', 'tab\tand\nline'],
    (text) => ({
      says: `humanProper ${JSON.stringify(text)}`,
      call: ({ humanProper }) => humanProper(text),
    }),
  ),
  { says: 'humanProper of a number', call: ({ humanProper }) => humanProper(5) },
  { says: 'humanProper of null', call: ({ humanProper }) => humanProper(null) },
  { says: 'humanProper beyond ASCII', call: ({ humanProper }) => humanProper('élan VITAL'), differs: 'C9' },
  ...all(['a😀b', '☀️', '👩‍🚀', '© ®', '“quoted” – …', 'plain', '🇩🇪', '👍🏽', '患者', '🦊'], (text) => ({
    says: `scrubEmojis ${text}`,
    call: ({ scrubEmojis }) => scrubEmojis(text),
  })),
  { says: 'scrubEmojis with another text', call: ({ scrubEmojis }) => scrubEmojis('a😀b', '?') },
  { says: 'scrubEmojis with no text', call: ({ scrubEmojis }) => scrubEmojis('a😀b', '') },
  { says: 'scrubEmojis of nothing', call: ({ scrubEmojis }) => scrubEmojis(undefined) },
  { says: 'scrubEmojis of a number', call: ({ scrubEmojis }) => scrubEmojis(5) },
  { says: 'scrubEmojis with a pattern', call: ({ scrubEmojis }) => scrubEmojis('a😀', '$&'), differs: 'C10' },
]
