import { readFileSync } from 'node:fs'
import type { DataType } from '../../src/types/data-type.ts'
import { formatValue } from '../../src/types/format.ts'
import { hexOf } from '../../src/types/literal.ts'
import type { MapValue } from '../../src/types/value.ts'
import { type Value } from '../../src/types/value.ts'

export interface Case {
  readonly sql: string
  readonly schema?: readonly (readonly [string, string])[]
  readonly rows?: readonly (readonly unknown[])[]
  readonly error?: { readonly condition: string }
}

/** The cases of one group of recorded answers, where a copy of the corpus is at hand. */
export function recorded(group: string): readonly Case[] {
  for (const root of ['../../conformance/sql/', '../../../shared/conformance/sql/'])
    try {
      return (JSON.parse(readFileSync(new URL(`${root}${group}.json`, import.meta.url), 'utf8')) as { cases: Case[] })
        .cases
    } catch (e) {
      if ((e as { code?: string }).code !== 'ENOENT') throw e
    }
  throw new TypeError(`no recorded group ${group}`)
}

/** A value in the form the corpus writes it (UTC). */
export function toJson(v: Value, type: DataType): unknown {
  if (v === null) return null
  switch (type.kind) {
    case 'boolean':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'string':
      return v
    case 'bigint':
      return Number.isSafeInteger(Number(v)) ? Number(v) : String(v)
    case 'float':
      return Number.isFinite(v) ? Number(formatValue(v, type, 'UTC')) : String(v)
    case 'double':
      return Number.isFinite(v) ? v : String(v)
    case 'binary':
      return hexOf(v as Uint8Array)
    case 'array':
      return (v as readonly Value[]).map((x) => toJson(x, type.element))
    case 'map':
      return (v as MapValue).keys.map((k, i) => [toJson(k, type.key), toJson((v as MapValue).values[i]!, type.value)])
    case 'struct':
      return Object.fromEntries(type.fields.map((f, i) => [f.name, toJson((v as readonly Value[])[i]!, f.type)]))
    default:
      return formatValue(v, type, 'UTC')
  }
}
