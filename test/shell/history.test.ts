import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { History, historyPath } from '../../src/shell/history.ts'

const dir = mkdtempSync(join(tmpdir(), 'millrace-history-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the history', () => {
  test('gives back what it was given, line ends and backslashes too', () => {
    const path = join(dir, 'a')
    const statements = ["SELECT 'a\nb';", String.raw`SELECT '\n\\';`, 'SELECT 1;']
    for (const s of statements) new History(path).add(s)
    expect(new History(path).load()).toEqual(statements)
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(4)
  })

  test('keeps the last thousand', () => {
    const path = join(dir, 'b')
    writeFileSync(path, Array.from({ length: 2500 }, (_, i) => `SELECT ${i};\n`).join(''))
    expect(new History(path).load()).toHaveLength(1000)
    expect(readFileSync(path, 'utf8').split('\n')[0]).toBe('SELECT 1500;')
  })

  test('a file that cannot be read or written is no fault', () => {
    const history = new History(join(dir, 'missing', 'c'))
    history.add('SELECT 1;')
    expect(history.load()).toEqual([])
    expect(new History(null).load()).toEqual([])
  })

  test('the setting, the environment, the home directory', () => {
    expect(historyPath('/x', { MILLRACE_HISTORY: '/y' })).toBe('/x')
    expect(historyPath(undefined, { MILLRACE_HISTORY: '/y' })).toBe('/y')
    expect(historyPath(undefined, { MILLRACE_HISTORY: 'off' })).toBeNull()
    expect(historyPath('', {})).toBeNull()
    expect(historyPath(undefined, {})).toMatch(/\.millrace_history$/)
  })
})
