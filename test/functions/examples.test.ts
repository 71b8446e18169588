import { describe, expect, test } from 'vitest'
import { allEntries, functionNames, lookup } from '../../src/functions/registry.ts'
import { formatValue } from '../../src/types/format.ts'
import { merging, runSelect } from './run-select.ts'

function result(sql: string): string {
  const { types, rows } = runSelect(`SELECT ${sql}`)
  expect(rows).toHaveLength(1)
  const value = rows[0]![0]!
  return value === null ? 'NULL' : formatValue(value, types[0]!, 'UTC')
}

describe('every example of every function gives what it says', () => {
  for (const entry of allEntries()) {
    if (entry.kind === 'generator') continue
    test(entry.name, () => {
      for (const example of entry.examples)
        expect(`${example.sql} = ${result(example.sql)}`).toBe(`${example.sql} = ${example.gives}`)
    })
  }
})

describe('an aggregate over two merged halves gives what it gives over all rows', () => {
  for (const entry of allEntries()) {
    if (entry.kind !== 'aggregate') continue
    test(entry.name, () => {
      for (const example of entry.examples)
        expect(`${example.sql} = ${merging(() => result(example.sql))}`).toBe(`${example.sql} = ${example.gives}`)
    })
  }
})

describe('the registry', () => {
  test('no name is given twice', () => {
    const names = allEntries().flatMap((e) => [e.name, ...(e.aliases ?? [])])
    expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([])
  })

  test('finds by name and alias in any case', () => {
    expect(lookup('UPPER')?.name).toBe('upper')
    expect(lookup('Ucase')?.name).toBe('upper')
    expect(lookup('no_such')).toBeUndefined()
    expect(functionNames()).toContain('ucase')
    expect(functionNames()).not.toContain('+')
  })

  test('every entry has a body and only its last parameter repeats', () => {
    for (const e of allEntries()) {
      expect(
        e.params.slice(0, -1).some((p) => p.variadic),
        e.name,
      ).toBe(false)
      if (e.kind === 'scalar') expect((e.eval === undefined) !== (e.bind === undefined), e.name).toBe(true)
      expect(e.returns !== undefined || e.resolve !== undefined || e.kind === 'generator', e.name).toBe(true)
      expect(e.doc.length, e.name).toBeGreaterThanOrEqual(10)
    }
  })
})
