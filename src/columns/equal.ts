import { equalValues } from '../types/compare.ts'
import type { BytesVector, Vector } from './vector.ts'

/** Tells whether two rows of a column hold the same: NULL equals NULL, NaN equals NaN. */
export type RowEquality = (a: number, b: number) => boolean

/** The equality of the rows of one column. */
export function rowEquality(column: Vector): RowEquality {
  const equal = valueEquality(column)
  const { validity } = column
  if (validity === null || column.shape === 'null') return equal
  return (a, b) => (validity[a] === 0 || validity[b] === 0 ? validity[a] === validity[b] : equal(a, b))
}

function valueEquality(column: Vector): RowEquality {
  switch (column.shape) {
    case 'bool':
    case 'i32': {
      const { values } = column
      return (a, b) => values[a] === values[b]
    }
    case 'i64': {
      const { values } = column
      return (a, b) => values[a] === values[b]
    }
    case 'bytes':
      return bytesEquality(column)
    case 'struct': {
      const children = column.children.map(rowEquality)
      return (a, b) => children.every((equal) => equal(a, b))
    }
    case 'null':
      return () => true
    default: {
      const equal = equalValues(column.type)
      return (a, b) => equal(column.get(a), column.get(b))
    }
  }
}

function bytesEquality({ data, starts, ends }: BytesVector): RowEquality {
  return (a, b) => {
    const [from, other] = [starts[a]!, starts[b]!]
    const length = ends[a]! - from
    if (ends[b]! - other !== length) return false
    for (let i = 0; i < length; i++) if (data[from + i] !== data[other + i]) return false
    return true
  }
}
