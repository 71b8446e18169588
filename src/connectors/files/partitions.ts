import path from 'node:path'
import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { cellReader } from '../../formats/csv/cells.ts'
import { CSV_DEFAULTS } from '../../formats/csv/dialect.ts'
import {
  BIGINT,
  type DataType,
  DATE,
  decimal,
  DOUBLE,
  type Field,
  INT,
  STRING,
  TIMESTAMP,
  typeName,
  VOID,
} from '../../types/data-type.ts'
import { parseDate, parseTimestamp } from '../../types/time.ts'
import { zoneOf } from '../../types/time-zone.ts'
import type { Value } from '../../types/value.ts'
import { isDirectory, isHidden, namesIn, plainPath, rootsOf } from './listing.ts'

/** The directory of NULLs. */
export const NULL_PARTITION = '__HIVE_DEFAULT_PARTITION__'

const ESCAPED = /[\u0000-\u001f"#%'*/:=?\\\u007f{[\]^]/g

/** A partition value as the name of a directory, as Spark writes it; `value` null for NULL. */
export function partitionDirectory(column: string, value: string | null): string {
  const escape = (text: string): string =>
    text.replace(ESCAPED, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
  return `${escape(column)}=${value === null || value === '' ? NULL_PARTITION : escape(value)}`
}

const unescapeName = (text: string): string =>
  text.replace(/%([\da-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))

/** The partition columns of a file or directory below a base: names and texts from its `column=value` directories. */
export type PartitionTexts = ReadonlyMap<string, string | null>

/** The pairs in the directories between `base` and `dir`. */
export function partitionTexts(base: string, dir: string): PartitionTexts {
  const out = new Map<string, string | null>()
  if (dir === base || !dir.startsWith(base)) return out
  for (const part of path.relative(base, dir).split(path.sep)) {
    const at = part.indexOf('=')
    if (at <= 0) continue
    const value = unescapeName(part.slice(at + 1))
    out.set(unescapeName(part.slice(0, at)), value === NULL_PARTITION ? null : value)
  }
  return out
}

/** The directories partition columns are looked for below: option basePath, or the roots themselves. */
export function partitionBases(text: string, basePath: string | undefined): string[] {
  if (basePath !== undefined) return [plainPath(basePath)]
  return rootsOf(text).map((root) => (isDirectory(root) ? root : path.dirname(root)))
}

/** The partition columns of a path, outermost first, with the types their values have by themselves. */
export function discoverPartitions(text: string, basePath: string | undefined, timeZone: string): Field[] {
  const bases = partitionBases(text, basePath)
  const values = new Map<string, (string | null)[]>()
  let names: string | null = null
  const leaf = (texts: PartitionTexts): void => {
    if (texts.size === 0) return
    const list = [...texts.keys()].join(', ')
    if (names !== null && names !== list)
      throw new AnalysisError(
        'CONFLICTING_PARTITION_COLUMN_NAMES',
        { path: plainPath(text), names: `${names} against ${list}` },
        { hint: 'give the directories the same columns, or set option recursiveFileLookup to true to ignore them' },
      )
    names = list
    for (const [name, value] of texts) {
      const seen = values.get(name)
      if (seen === undefined) values.set(name, [value])
      else seen.push(value)
    }
  }
  const visit = (base: string, dir: string): void => {
    const below = namesIn(dir).filter((n) => n.includes('=') && !isHidden(n) && isDirectory(path.join(dir, n)))
    if (below.length === 0) leaf(partitionTexts(base, dir))
    else for (const name of below) visit(base, path.join(dir, name))
  }
  for (const root of rootsOf(text)) {
    const base = bases.find((b) => root === b || root.startsWith(b + path.sep))
    if (base !== undefined && isDirectory(root)) visit(base, root)
    else if (base !== undefined) leaf(partitionTexts(base, path.dirname(root)))
  }
  return [...values].map(([name, texts]) => ({ name, type: inferPartition(texts, timeZone), nullable: true }))
}

function inferPartition(texts: readonly (string | null)[], timeZone: string): DataType {
  const type = texts.map((t) => typeOf(t, timeZone)).reduce(common, VOID)
  return type.kind === 'void' ? STRING : type
}

function typeOf(text: string | null, timeZone: string): DataType {
  if (text === null) return VOID
  if (/^[+-]?\d{1,38}$/.test(text)) {
    const n = BigInt(text.replace('+', ''))
    if (BigInt.asIntN(32, n) === n) return INT
    if (BigInt.asIntN(64, n) === n) return BIGINT
    return decimal(String(n < 0n ? -n : n).length, 0)
  }
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return DOUBLE
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && parseDate(text) !== null) return DATE
  if (/^\d{4}-\d{2}-\d{2}[ T]/.test(text) && parseTimestamp(text, zoneOf(timeZone)) !== null) return TIMESTAMP
  return STRING
}

const ORDER = ['int', 'bigint', 'decimal', 'double']

function common(a: DataType, b: DataType): DataType {
  if (a.kind === 'void') return b
  if (b.kind === 'void') return a
  if (a.kind === 'decimal' && b.kind === 'decimal') return a.precision >= b.precision ? a : b
  if (a.kind === b.kind) return a
  const i = ORDER.indexOf(a.kind)
  const j = ORDER.indexOf(b.kind)
  if (i >= 0 && j >= 0) return i > j ? a : b
  const times = ['date', 'timestamp']
  return times.includes(a.kind) && times.includes(b.kind) ? TIMESTAMP : STRING
}

/** Reads the values of partition columns, by type. */
export class PartitionReader {
  readonly #readers = new Map<string, (text: string) => Value | undefined>()
  readonly #timeZone: string

  constructor(timeZone: string) {
    this.#timeZone = timeZone
  }

  /** A value as the column's type. A text that is no such value raises FAILED_READ_FILE naming the file. */
  read(field: Field, text: string | null, file: string): Value {
    if (text === null) return null
    const key = typeName(field.type)
    let read = this.#readers.get(key)
    if (read === undefined) this.#readers.set(key, (read = cellReader(field.type, CSV_DEFAULTS, this.#timeZone, {})))
    const value = read(text)
    if (value === undefined)
      throw new ExecutionError('FAILED_READ_FILE.NO_HINT', {
        path: file,
        message: `the value "${text}" of partition column ${field.name} is not of type ${key.toUpperCase()}`,
      })
    return value
  }
}
