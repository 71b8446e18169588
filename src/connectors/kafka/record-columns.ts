import type { Batch } from '../../columns/batch.ts'
import { asShape, type Vector } from '../../columns/vector.ts'
import { AnalysisError } from '../../errors/errors.ts'
import { type DataType, INT, type Schema, STRING, typeName } from '../../types/data-type.ts'
import { HEADER } from './columns.ts'
import type { Bytes, OutRecord } from './record-encoder.ts'

/** One row as a record, and where it is to go: NULLs where the row does not say. */
export interface OutRow {
  readonly record: OutRecord
  readonly topic: string | null
  readonly partition: number | null
}

/** Reads rows as records. */
export interface RowRecords {
  /** Rows may say which topic they go to. */
  readonly hasTopic: boolean
  /** The `i`-th row that counts. Bytes are shared with the columns. */
  row(batch: Batch, i: number): OutRow
}

/** Reads rows as records. The column value is needed; key, topic, partition and headers may be there; others are not sent, as in Spark. */
export class RecordColumns implements RowRecords {
  readonly #at: Readonly<Record<'key' | 'value' | 'topic' | 'partition' | 'headers', number>>

  /** Throws AnalysisError for a missing value column, and for columns of other types than records have. */
  constructor(schema: Schema) {
    const at = (name: string): number => schema.fields.findIndex((f) => f.name.toLowerCase() === name)
    this.#at = {
      key: at('key'),
      value: at('value'),
      topic: at('topic'),
      partition: at('partition'),
      headers: at('headers'),
    }
    if (this.#at.value < 0)
      throw new AnalysisError(
        'KAFKA_VALUE_COLUMN_MISSING',
        { columns: schema.fields.map((f) => f.name).join(', ') },
        { hint: 'name it: .selectExpr("CAST(id AS STRING) AS key", "to_json(struct(*)) AS value")' },
      )
    const expect = (index: number, expected: string, fits: (type: DataType) => boolean): void => {
      const field = schema.fields[index]
      if (field === undefined || fits(field.type)) return
      throw new AnalysisError(
        'KAFKA_COLUMN_TYPE',
        { column: field.name, expected, actual: typeName(field.type) },
        { hint: `cast it: CAST(${field.name} AS ${expected.split(' ')[0]!})` },
      )
    }
    const isText = ({ kind }: DataType): boolean => kind === 'string' || kind === 'binary' || kind === 'void'
    expect(this.#at.key, 'STRING or BINARY', isText)
    expect(this.#at.value, 'STRING or BINARY', isText)
    expect(this.#at.topic, typeName(STRING), ({ kind }) => kind === 'string')
    expect(this.#at.partition, typeName(INT), ({ kind }) => kind === 'int')
    expect(this.#at.headers, `ARRAY<${typeName(HEADER)}>`, isHeaders)
  }

  get hasTopic(): boolean {
    return this.#at.topic >= 0
  }

  row(batch: Batch, i: number): OutRow {
    const row = batch.rowAt(i)
    const at = this.#at
    const column = (index: number): Vector | null => {
      const vector = index < 0 ? null : batch.columns[index]!
      return vector === null || vector.shape === 'null' || vector.isNull(row) ? null : vector
    }
    const topic = column(at.topic)
    const partition = column(at.partition)
    return {
      record: {
        key: bytesAt(column(at.key), row),
        value: bytesAt(column(at.value), row),
        headers: headersAt(column(at.headers), row),
      },
      topic: topic === null ? null : asShape(topic, 'bytes').string(row),
      partition: partition === null ? null : asShape(partition, 'i32').values[row]!,
    }
  }
}

function isHeaders(type: DataType): boolean {
  if (type.kind !== 'array' || type.element.kind !== 'struct') return false
  const { fields } = type.element
  return (
    fields.length === 2 &&
    fields[0]!.name.toLowerCase() === 'key' &&
    fields[0]!.type.kind === 'string' &&
    fields[1]!.name.toLowerCase() === 'value' &&
    fields[1]!.type.kind === 'binary'
  )
}

function bytesAt(vector: Vector | null, row: number): Bytes | null {
  if (vector === null) return null
  const { data, starts, ends } = asShape(vector, 'bytes')
  return { data, from: starts[row]!, to: ends[row]! }
}

const NO_HEADERS: OutRecord['headers'] = []

function headersAt(vector: Vector | null, row: number): OutRecord['headers'] {
  if (vector === null) return NO_HEADERS
  const list = asShape(vector, 'list')
  const { children } = asShape(list.child, 'struct')
  return Array.from({ length: list.ends[row]! - list.starts[row]! }, (_, i) => {
    const at = list.starts[row]! + i
    const part = (child: Vector): Buffer | null => {
      const bytes = child.isNull(at) ? null : bytesAt(child, at)
      return bytes === null ? null : bytes.data.subarray(bytes.from, bytes.to)
    }
    return { key: part(children[0]!) ?? Buffer.alloc(0), value: part(children[1]!) }
  })
}
