import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseXML } from '../../../../../../processors/runner/language/http/parse-xml.ts'
import { xmlToJson } from '../../../../../../processors/runner/language/http/xml.ts'

describe('XML', () => {
  test('becomes JSON by the rules of the inbox', () => {
    const xml = `<?xml version="1.0"?><!DOCTYPE a><!-- c -->
      <s:Envelope xmlns:s="urn:x"><s:Body xsi:type="sf:Lead" n='1 &lt; 2'>
        <Id>1</Id><Id>2</Id><Empty/><Full> a &amp; b <![CDATA[<c>]]></Full><Note lang="de">hallo</Note>
        <Mixed>text<b>bold</b></Mixed>&#xe4;&#228;&nbsp;
      </s:Body></s:Envelope>`
    expect(xmlToJson(xml)).toEqual({
      Envelope: {
        Body: {
          '-type': 'sf:Lead',
          '-n': '1 < 2',
          Id: ['1', '2'],
          Empty: '',
          Full: ' a & b <c>',
          Note: { '-lang': 'de', '#content': 'hallo' },
          Mixed: { b: 'bold', '#content': 'text' },
          '#content': 'ää&nbsp;',
        },
      },
    })
  })

  test.each([
    ['', 1],
    ['text', 1],
    ['<a>', 1],
    ['<a></b>', 1],
    ['<a>\n<b></a>', 2],
    ['<a/><b/>', 1],
    ['<a x=1/>', 1],
    ['<a/>rest', 1],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 1],
  ])('%j is refused, with its line', (text, line) => {
    expect(() => xmlToJson(text)).toThrow(
      expect.objectContaining({ code: 'NOT_XML', message: expect.stringContaining(`line ${line}`) }),
    )
  })

  test('a name such as __proto__ is a key as any other, and depth does not matter', () => {
    expect(Object.keys(xmlToJson('<a><__proto__>x</__proto__></a>') as object)).toEqual(['a'])
    expect(JSON.stringify(xmlToJson('<a><__proto__>x</__proto__></a>'))).toBe('{"a":{"__proto__":"x"}}')
    expect(() => xmlToJson('<a>'.repeat(10_000) + '</a>'.repeat(10_000))).not.toThrow()
  })

  test('any text comes back as it was, escaped', () => {
    const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => text.trim() !== ''),
        (text) => {
          expect(xmlToJson(`<a b="${escaped(text)}"><c>${escaped(text)}</c></a>`)).toEqual({
            a: { '-b': text, c: text },
          })
        },
      ),
    )
  })

  test('parseXML gives the state what its function makes of it, and keeps what was there', async () => {
    const state = { data: { old: 1 }, references: [], response: { body: '<a><b>1</b></a>' } }
    const next = (operation: (state: never) => unknown) => operation(state as never)
    expect(next(parseXML('<a/>'))).toMatchObject({ data: { a: '' }, references: [{ old: 1 }] })
    expect(next(parseXML((s: typeof state) => s.response))).toMatchObject({ data: { a: { b: '1' } } })
    expect(next(parseXML('<a>5</a>', (xml) => (xml as { a: string }).a))).toMatchObject({ data: 5 })
    expect(next(parseXML('<a>five</a>', (xml) => (xml as { a: string }).a))).toMatchObject({ data: { body: 'five' } })
    expect(await next(parseXML('<a/>', async (xml) => ({ got: xml })))).toMatchObject({ data: { got: { a: '' } } })
    expect(() => next(parseXML(5))).toThrow('parseXML takes XML as text')
  })
})
