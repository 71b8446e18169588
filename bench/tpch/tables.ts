/**
 * The eight tables of an order book shaped like TPC-H's: who sells what to whom, and where they live. Names of columns
 * and all values are our own. Types are of SQL words that millrace, DuckDB and Spark read alike.
 */
export const TABLES = {
  region: { region_id: 'INT', region_name: 'STRING' },
  nation: { nation_id: 'INT', nation_name: 'STRING', region_id: 'INT' },
  supplier: {
    supplier_id: 'INT',
    supplier_name: 'STRING',
    address: 'STRING',
    nation_id: 'INT',
    phone: 'STRING',
    balance: 'DECIMAL(12,2)',
    remark: 'STRING',
  },
  customer: {
    customer_id: 'INT',
    customer_name: 'STRING',
    address: 'STRING',
    nation_id: 'INT',
    phone: 'STRING',
    balance: 'DECIMAL(12,2)',
    segment: 'STRING',
    remark: 'STRING',
  },
  part: {
    part_id: 'INT',
    part_name: 'STRING',
    maker: 'STRING',
    brand: 'STRING',
    kind: 'STRING',
    size: 'INT',
    packaging: 'STRING',
    list_price: 'DECIMAL(12,2)',
  },
  partsupp: {
    part_id: 'INT',
    supplier_id: 'INT',
    available: 'INT',
    cost: 'DECIMAL(12,2)',
    remark: 'STRING',
  },
  orders: {
    order_id: 'BIGINT',
    customer_id: 'INT',
    status: 'STRING',
    total: 'DECIMAL(12,2)',
    order_date: 'DATE',
    priority: 'STRING',
    clerk: 'STRING',
    remark: 'STRING',
  },
  lineitem: {
    order_id: 'BIGINT',
    part_id: 'INT',
    supplier_id: 'INT',
    line: 'INT',
    quantity: 'DECIMAL(12,2)',
    price: 'DECIMAL(12,2)',
    discount: 'DECIMAL(4,2)',
    tax: 'DECIMAL(4,2)',
    returned: 'STRING',
    state: 'STRING',
    ship_date: 'DATE',
    promise_date: 'DATE',
    receipt_date: 'DATE',
    instruction: 'STRING',
    mode: 'STRING',
    remark: 'STRING',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>

export type TableName = keyof typeof TABLES
export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[]

/** The columns of a table with their types, as `schema(…)` takes them. */
export const ddlOf = (table: TableName): string =>
  Object.entries(TABLES[table])
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')

/** Every table is written in both. */
export type TableFormat = 'csv' | 'json'

/** The file of a table in the directory of the data. */
export const fileOf = (directory: string, table: TableName, format: TableFormat): string =>
  `${directory}/${table}.${format}`
