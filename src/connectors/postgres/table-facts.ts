import type { PostgresConnection } from './connection.ts'
import { sqlName, type TableName } from './table-name.ts'

/** A column as the catalog has it. */
export interface ColumnFacts {
  readonly name: string
  /** With its modifiers, as SQL: numeric(10,2). */
  readonly type: string
  /** One letter for the kind of type (typcategory): S text, E enum, I address, U others without one. */
  readonly category: string
  readonly typeName: string
}

/** A table, view or partitioned table as the catalog has it. */
export interface TableFacts {
  readonly schema: string
  readonly table: string
  readonly columns: readonly ColumnFacts[]
  /** The columns of each unique index that holds for all rows. */
  readonly keys: readonly (readonly string[])[]
}

/** What the catalog knows of a table; null where there is none of that name. */
export async function tableFacts(db: PostgresConnection, name: TableName): Promise<TableFacts | null> {
  const { rows } = await db.query(
    `SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [sqlName(name)],
  )
  if (rows.length === 0) return null
  const [oid, schema, table] = rows[0]!
  const columns = await db.query(
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory, t.typname
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [oid],
  )
  const keys = await db.query(
    `SELECT to_json(array_agg(a.attname)) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
     WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL GROUP BY i.indexrelid`,
    [oid],
  )
  return {
    schema: schema!,
    table: table!,
    columns: columns.rows.map(([column, type, category, typeName]) => ({
      name: column!,
      type: type!,
      category: category!,
      typeName: typeName!,
    })),
    keys: keys.rows.map(([names]) => JSON.parse(names!) as string[]),
  }
}

/** Names of the tables the user may see, for suggestions. */
export const VISIBLE_TABLES = `SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
  ORDER BY 1 LIMIT 200`
