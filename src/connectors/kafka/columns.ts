import {
  BIGINT,
  BINARY,
  type DataType,
  field,
  INT,
  type Schema,
  schemaOf,
  STRING,
  TIMESTAMP,
} from '../../types/data-type.ts'

/** What one header is, in the column `headers`. */
export const HEADER: DataType = { kind: 'struct', fields: [field('key', STRING), field('value', BINARY)] }

const PLAIN = [
  field('key', BINARY),
  field('value', BINARY),
  field('topic', STRING),
  field('partition', INT),
  field('offset', BIGINT),
  field('timestamp', TIMESTAMP),
  field('timestampType', INT),
]
const WITHOUT_HEADERS = schemaOf(...PLAIN)
const WITH_HEADERS = schemaOf(...PLAIN, field('headers', { kind: 'array', element: HEADER, containsNull: true }))

/** The columns of the source, as in Spark: `headers` only when they are asked for. */
export const sourceColumns = (includeHeaders: boolean): Schema => (includeHeaders ? WITH_HEADERS : WITHOUT_HEADERS)
