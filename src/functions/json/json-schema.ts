import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  decimal,
  DOUBLE,
  STRING,
  structOf,
  TIMESTAMP,
  VOID,
  type DataType,
  type Field,
} from '../../types/data-type.ts'
import { widerDecimal } from '../../types/decimal.ts'
import { JsonArray, JsonNumber, type JsonNode } from './json-text.ts'

/** How types are read off JSON. */
export interface JsonInference {
  readonly primitivesAsString: boolean
  /** Numbers with a point are DECIMAL where 38 digits hold them. */
  readonly prefersDecimal: boolean
  /** Whether a string is a TIMESTAMP; without it none is. */
  readonly isTimestamp?: (text: string) => boolean
}

/** The type JSON has by itself; undefined where it says nothing but NULL or `{}`. */
export function inferType(node: JsonNode, inference: JsonInference): DataType {
  return settled(rawType(node, inference), false) ?? STRING
}

function numberType(text: string, inference: JsonInference): DataType {
  if (/^-?\d+$/.test(text)) {
    const n = BigInt(text)
    if (BigInt.asIntN(64, n) === n) return BIGINT
    const digits = text.replace('-', '').length
    return digits <= 38 ? decimal(digits, 0) : DOUBLE
  }
  const m = inference.prefersDecimal ? /^-?(\d+)\.(\d+)$/.exec(text) : null
  if (m === null) return DOUBLE
  const scale = m[2]!.length
  const precision = Math.max(m[1]!.replace(/^0+/, '').length + scale, scale, 1)
  return precision <= 38 ? decimal(precision, scale) : DOUBLE
}

/** The type of one value, with VOID for NULL and `''`, empty structs too, and members sorted by name. */
export function rawType(node: JsonNode, inference: JsonInference): DataType {
  if (node === null) return VOID
  if (typeof node === 'string') {
    if (node === '') return VOID
    return inference.isTimestamp?.(node) === true ? TIMESTAMP : STRING
  }
  if (node instanceof JsonArray) {
    return arrayOf(node.items.map((x) => rawType(x, inference)).reduce(mergeTypes, VOID))
  }
  if (typeof node === 'boolean') return inference.primitivesAsString ? STRING : BOOLEAN
  if (node instanceof JsonNumber) return inference.primitivesAsString ? STRING : numberType(node.raw, inference)
  const fields = node.names.map((name, i): Field => ({
    name,
    type: rawType(node.values[i]!, inference),
    nullable: true,
  }))
  return structOf(fields.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)))
}

/** The type that takes values of both; STRING where nothing else does. */
export function mergeTypes(a: DataType, b: DataType): DataType {
  if (a.kind === 'void') return b
  if (b.kind === 'void' || (a.kind === b.kind && a.kind !== 'decimal' && a.kind !== 'array' && a.kind !== 'struct'))
    return a
  if (a.kind === 'array' && b.kind === 'array') return arrayOf(mergeTypes(a.element, b.element))
  if (a.kind === 'struct' && b.kind === 'struct') {
    const byName = new Map<string, DataType>()
    for (const f of [...a.fields, ...b.fields]) byName.set(f.name, mergeTypes(byName.get(f.name) ?? VOID, f.type))
    const names = [...byName.keys()].sort()
    return structOf(names.map((name) => ({ name, type: byName.get(name)!, nullable: true })))
  }
  const asDecimal = (t: DataType) => (t.kind === 'bigint' ? decimal(20, 0) : t.kind === 'decimal' ? t : null)
  const left = asDecimal(a)
  const right = asDecimal(b)
  if (left && right) {
    const wide = widerDecimal(left, right)
    return Math.max(left.precision - left.scale, right.precision - right.scale) + wide.scale > 38 ? DOUBLE : wide
  }
  if ((left || a.kind === 'double') && (right || b.kind === 'double')) return DOUBLE
  return STRING
}

/** Without NULL types: unknown is STRING (with `drop` it is left out), members that are empty structs are left out; null for nothing left. */
export function settled(type: DataType, drop: boolean): DataType | null {
  switch (type.kind) {
    case 'void':
      return drop ? null : STRING
    case 'array': {
      const element = settled(type.element, drop)
      return element && arrayOf(element)
    }
    case 'struct': {
      const fields = type.fields.flatMap((f) => {
        const t = settled(f.type, drop)
        return t && f.name !== '' ? [{ ...f, type: t }] : []
      })
      return fields.length === 0 ? null : structOf(fields)
    }
    default:
      return type
  }
}
