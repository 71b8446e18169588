import { shapeOf } from '../columns/vector.ts'
import type { DataType } from '../types/data-type.ts'
import type { CodegenSite } from './entry.ts'

/** True for values that are bigints and that a narrow loop holds as numbers. */
export function isNarrowed(type: DataType, site: CodegenSite): boolean {
  const shape = shapeOf(type)
  return site.int64 === 'narrow' && (shape === 'i64' || shape === 'i128')
}

/** Code for the Value of an argument that generated code holds in the form of its type. */
export const valueCode = (arg: string, type: DataType, site: CodegenSite): string =>
  isNarrowed(type, site) ? `BigInt(${arg})` : arg
