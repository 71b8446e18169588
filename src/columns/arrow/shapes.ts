/**
 * Arrow's tables as far as millrace reads them: the shapes of the objects of apache-arrow, whichever copy of it made them,
 * so that reading a table needs no library.
 */

/** Numbers of Arrow's types: `DataType.typeId`. */
export const ArrowId = {
  Dictionary: -1,
  Null: 1,
  Int: 2,
  Float: 3,
  Binary: 4,
  Utf8: 5,
  Bool: 6,
  Decimal: 7,
  Date: 8,
  Timestamp: 10,
  Interval: 11,
  List: 12,
  Struct: 13,
  FixedSizeBinary: 15,
  FixedSizeList: 16,
  Map: 17,
  Duration: 18,
  LargeBinary: 19,
  LargeUtf8: 20,
  LargeList: 21,
  BinaryView: 23,
  Utf8View: 24,
} as const

/** A type; which members there are depends on `typeId`. */
export interface ArrowType {
  readonly typeId: number
  /** Of nested types; a map has one, the struct of its entries. */
  readonly children?: readonly ArrowField[] | null
  readonly bitWidth?: number
  readonly isSigned?: boolean
  readonly precision?: number
  readonly scale?: number
  readonly unit?: number
  readonly timezone?: string | null
  readonly byteWidth?: number
  readonly listSize?: number
  /** Of dictionaries: the type of the values. */
  readonly dictionary?: ArrowType
}

export interface ArrowField {
  readonly name: string
  readonly type: ArrowType
  readonly nullable: boolean
  readonly metadata: ReadonlyMap<string, string>
}

/** One chunk of a column. `values` and `valueOffsets` begin at its first row; `nullBitmap`, and the values of booleans, `offset` bits earlier. */
export interface ArrowData {
  readonly type: ArrowType
  readonly length: number
  readonly offset: number
  readonly nullCount: number
  readonly values?: unknown
  readonly valueOffsets?: unknown
  readonly nullBitmap?: Uint8Array | null
  readonly children: readonly ArrowData[]
  readonly dictionary?: { readonly data: readonly ArrowData[] }
  readonly variadicBuffers?: readonly Uint8Array[]
}

export interface ArrowBatch {
  readonly schema: { readonly fields: readonly ArrowField[] }
  /** The columns, as a struct without NULLs. */
  readonly data: ArrowData
}

/** A table of apache-arrow, as far as it is read. */
export interface ArrowTableLike {
  readonly schema: { readonly fields: readonly ArrowField[] }
  readonly batches: readonly ArrowBatch[]
}

/**
 * A table of apache-arrow for programs whose compiler does not know that package: those that have it name its type, as in
 * `df.toArrow<Table>()`.
 */
export interface ArrowTable extends ArrowTableLike, Iterable<unknown> {
  readonly numRows: number
  readonly numCols: number
  /** A row. */
  get(index: number): unknown
  /** A column. */
  getChild(name: string): ({ readonly length: number; get(index: number): unknown } & Iterable<unknown>) | null
  toArray(): unknown[]
}
