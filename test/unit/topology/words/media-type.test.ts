import { expect, test } from 'vitest'
import { isJson, isUtf8Charset, mediaTypeOf } from '../../../../topology/words/media-type.ts'

test.each([
  ['application/json', true, true],
  ['Application/JSON; Charset="UTF-8"', true, true],
  ['text/json ;charset=utf8', true, true],
  ['application/vnd.a+b+json', true, true],
  ['application/cloudevents+json; x=1; charset=us-ascii', true, true],
  ['application/json; charset=latin1', true, false],
  ['application/jsonp', false, true],
  ['application/x-www-form-urlencoded', false, true],
  ['+json', false, true],
  ['', false, true],
])('%j is JSON: %s, in UTF-8: %s', (text, json, utf8) => {
  const type = mediaTypeOf(text)
  expect([isJson(type), isUtf8Charset(type)]).toEqual([json, utf8])
})
