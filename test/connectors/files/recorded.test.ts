import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../../src/errors/errors.ts'
import { millrace } from '../../../src/index.ts'
import { parseSchema } from '../../../src/types/ddl.ts'
import { typeName } from '../../../src/types/data-type.ts'
import { layFiles } from './lay.ts'

/** What record.py wrote: how a real Spark 4.3.0 read some files. */
interface Recorded {
  readonly name: string
  readonly format?: string
  readonly schema: string | null
  readonly options: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, string>>
  /** Columns of the table. */
  readonly read?: string
  readonly rows?: readonly (readonly (string | null)[])[]
  readonly error?: string
  readonly conditions?: readonly string[]
}

/** Where millrace differs on purpose, and why. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'csv: timestamps': 'a time of day alone would be of today: the answer would change from day to day',
  'csv: infer time only': 'likewise',
  'csv: unknown mode': 'an unknown mode is refused',
  'csv: multiLine': 'with multiLine Spark takes the line end of the first line for that of the file; here each counts',
  'csv: infer two files': 'Spark takes the header of whichever file it lists first; here it is the oldest',
  'partitions: root file too':
    'Spark leaves files beside partition directories out; here their partition columns are NULL',
}

const load = (name: string): Recorded[] =>
  JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'recorded', `${name}.json`), 'utf8')) as Recorded[]

const plain = (error: unknown): string => {
  if (!(error instanceof MillraceError)) throw error
  return error.code
}

async function answer(format: string, c: Recorded): Promise<Pick<Recorded, 'read' | 'rows' | 'error'>> {
  const dir = layFiles(c.files)
  const session = millrace({ 'spark.sql.session.timeZone': 'America/New_York' })
  for (const conf of [c.options['_conf']])
    if (conf !== undefined) session.conf.set(conf.split('=')[0]!, conf.split('=')[1]!)
  try {
    const reader = session.read.format(c.format ?? format)
    if (c.schema !== null) reader.schema(parseSchema(c.schema))
    // Spark's default mode; that of millrace is FAILFAST.
    if (format !== 'text') reader.option('mode', 'PERMISSIVE')
    for (const [k, v] of Object.entries(c.options)) if (!k.startsWith('_')) reader.option(k, k === 'basePath' ? dir : v)
    const df = reader.load(path.join(dir, c.options['_path'] ?? ''))
    const read = df.schema.fields
      .map((f) => `${f.name} ${typeName(f.type).toLowerCase().replaceAll(' ', '')}`)
      .join(', ')
    const chosen = c.options['_select'] === undefined ? df : df.selectExpr(c.options['_select'])
    const cells = chosen.schema.fields.map((f) =>
      f.type.kind === 'binary' ? `hex(\`${f.name}\`)` : `cast(\`${f.name}\` as string)`,
    )
    const names = new Set(chosen.schema.fields.map((f) => f.name.toLowerCase()))
    const rows = await (names.size === chosen.schema.fields.length ? chosen.selectExpr(...cells) : chosen).collect()
    return { read, rows: rows.map((r) => Object.values(r as object).map((v) => (v === null ? null : String(v)))) }
  } catch (error) {
    return { error: plain(error) }
  } finally {
    fs.rmSync(dir, { recursive: true })
  }
}

const sorted = (rows: readonly (readonly (string | null)[])[] | undefined): string[] | undefined =>
  rows?.map((r) => JSON.stringify(r)).sort()
const compact = (columns: string | undefined): string | undefined => columns?.replaceAll(/(?<=[,:<( ])\s+/g, '')

for (const format of ['csv', 'json', 'text', 'partitions'])
  describe(`${format} as a real Spark reads it`, () => {
    for (const c of load(format)) {
      const known = OTHERWISE[`${format}: ${c.name}`]
      it(known === undefined ? c.name : `${c.name} (otherwise: ${known})`, async () => {
        const got = await answer(format, c)
        if (known !== undefined)
          expect({ read: got.read, rows: sorted(got.rows) }).not.toEqual({ read: c.read, rows: sorted(c.rows) })
        else if (c.rows === undefined) expect([c.error, ...(c.conditions ?? [])]).toContain(got.error)
        else {
          expect(sorted(got.rows) ?? got.error).toEqual(sorted(c.rows))
          if (c.schema === null || format === 'partitions') expect(compact(got.read)).toBe(compact(c.read))
        }
      })
    }
  })
