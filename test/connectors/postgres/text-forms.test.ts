import { describe, expect, test } from 'vitest'
import { shown } from '../../../src/connectors/redact.ts'
import { arrayElements, arrayText } from '../../../src/connectors/postgres/array-text.ts'
import { settingsOf } from '../../../src/connectors/postgres/settings.ts'
import { SettledValue } from '../../../src/connectors/postgres/settled-value.ts'
import { sqlName, tableNameOf } from '../../../src/connectors/postgres/table-name.ts'

test.each([
  [[], '{}'],
  [[null, 'NULL', 'null', 'Null1'], '{NULL,"NULL","null",Null1}'],
  [['', ' ', 'a b', 'a,b', '{', '"', '\\', '\n'], '{""," ","a b","a,b","{","\\"","\\\\","\n"}'],
])('the text of an array: %j', (elements, text) => {
  expect(arrayText(elements)).toBe(text)
  expect(arrayElements(text)).toEqual(elements)
})

test('arrays of other shapes have no elements', () => {
  expect(arrayElements('[0:1]={7,8}')).toEqual(['7', '8'])
  for (const text of ['{{1,2},{3,4}}', '', 'x', '{1', '{"a"b}', '["json"]']) expect(arrayElements(text)).toBeNull()
})

describe('what names a server', () => {
  test('a URL, with what is encoded in it; options go before its parts', () => {
    const url = 'postgresql://us%40er:p%2Fw@db.example:5433/my%20db?sslmode=require'
    expect(settingsOf({ url, port: 1 })).toEqual({
      host: 'db.example',
      port: 1,
      database: 'my db',
      user: 'us@er',
      password: 'p/w',
      ssl: { rejectUnauthorized: false },
      connectTimeoutMs: 10_000,
    })
    expect(settingsOf({})).toEqual({ connectTimeoutMs: 10_000 })
    expect(settingsOf({ url: 'postgres://[::1]/' })).toEqual({ host: '::1', connectTimeoutMs: 10_000 })
  })

  test.each(['not a url', 'postgres://u:p#ss@h/d', 'postgres://u:%zz-p#ss@h', 'mysql://u:p#ss@h/d'])(
    'a URL that is wrong is refused without its password: %s',
    (url) => {
      let message = ''
      try {
        settingsOf({ url })
      } catch (error) {
        message = (error as Error).message
      }
      expect(message).toMatch(/OPTION_INVALID.*url/)
      expect(message).not.toContain('p#ss')
    },
  )
})

test('logins in URLs and secrets by name are not shown, all else is', () => {
  expect(shown('url', 'postgres://user:secret@host/db')).toBe('postgres://*********(redacted)@host/db')
  expect(shown('url', 'https://host/x?api_token=abc&n=1')).toBe('https://host/x?api_token=*********(redacted)&n=1')
  expect(shown('Password', 'abc')).toBe('*********(redacted)')
  expect(shown('path', '/data/a@b')).toBe('/data/a@b')
  expect(shown('url', 'http://host/a')).toBe('http://host/a')
})

test('names of tables fold as in the server’s own SQL', () => {
  expect(sqlName(tableNameOf('Stats.Clicks'))).toBe('"stats"."clicks"')
  expect(sqlName(tableNameOf('"Odd ""Name"""."x"'))).toBe('"Odd ""Name"""."x"')
  for (const name of ['', '.', 'a.', 'a b', 'a;b', '"a', 'a.b.c', '1a'])
    expect(() => tableNameOf(name)).toThrow(/OPTION_INVALID.*table/)
})

test('a value settles when it was seen long enough ago', () => {
  let now = 0
  const settled = new SettledValue(100, () => now)
  const steps: [number, string | null, string | null][] = [
    [0, null, null],
    [10, '5', null],
    [100, '7', null],
    [110, '7', '5'],
    [199, '9', '5'],
    [200, '9', '7'],
    [1000, '9', '9'],
    [1001, '9', '9'],
  ]
  for (const [at, greatest, expected] of steps) {
    now = at
    expect(settled.see(greatest)).toBe(expected)
  }
})
