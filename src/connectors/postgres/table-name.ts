import { OptionError } from '../../errors/errors.ts'

/** An identifier in double quotes. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A table as it is named in options; without a schema the server looks for it along its search_path. */
export interface TableName {
  readonly schema: string | null
  readonly table: string
}

/** Reads `table`, `schema.table`, `"Any Name"`: words without quotes are lower case to the server, as in its own SQL. */
export function tableNameOf(text: string): TableName {
  const part = /^(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))/u
  const parts: string[] = []
  for (let rest = text.trim(); ;) {
    const found = part.exec(rest)
    if (found === null) throw invalid(text)
    parts.push(found[1]?.replaceAll('""', '"') ?? found[2]!.toLowerCase())
    rest = rest.slice(found[0].length)
    if (rest === '') break
    if (!rest.startsWith('.') || parts.length === 2) throw invalid(text)
    rest = rest.slice(1)
  }
  const [first, second] = parts
  return second === undefined ? { schema: null, table: first! } : { schema: first!, table: second }
}

/** The name as SQL. */
export const sqlName = ({ schema, table }: TableName): string =>
  schema === null ? quoted(table) : `${quoted(schema)}.${quoted(table)}`

const invalid = (value: string): OptionError =>
  new OptionError(
    'OPTION_INVALID',
    { format: 'postgres', option: 'table', value, expected: 'a name such as clicks or stats.clicks' },
    { hint: 'put names with other characters, or with capitals, in double quotes' },
  )
