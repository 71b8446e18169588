import { AnalysisError } from '../../errors/errors.ts'
import { INT, sameType, typeName, VOID, type DataType, type StructType } from '../../types/data-type.ts'
import { MapValue, type Value } from '../../types/value.ts'
import { arg, type FunctionEntry, type GeneratorEntry } from '../entry.ts'
import { notConstant, outOfRange, unexpectedType } from '../faults.ts'

type Row = readonly Value[]
type Columns = ReturnType<GeneratorEntry['columns']>

/** The columns of one element of an array or one entry of a map. */
function elementColumns(fn: string, type: DataType | undefined, outer: boolean): Columns {
  if (type?.kind === 'array') return [{ name: 'col', type: type.element, nullable: outer || type.containsNull }]
  if (type?.kind === 'map') {
    return [
      { name: 'key', type: type.key, nullable: outer },
      { name: 'value', type: type.value, nullable: outer || type.valueContainsNull },
    ]
  }
  return unexpectedType(fn, 1, 'an array or a map', type ?? VOID)
}

function elementRows(v: readonly Value[] | MapValue): Row[] {
  return v instanceof MapValue ? v.keys.map((k, i) => [k, v.values[i]!]) : v.map((x) => [x])
}

/** explode and posexplode, with and without `_outer`. */
function explode(name: string, withPosition: boolean, outer: boolean, doc: string, example: string): GeneratorEntry {
  return {
    kind: 'generator',
    name,
    group: 'generator',
    doc,
    examples: [{ sql: `${name}(${example})`, gives: withPosition ? '0, 10; 1, 20' : '10; 20' }],
    params: [arg('collection', ['ARRAY', 'MAP'])],
    // An untyped NULL is refused like any other type that is neither: it says nothing of the columns.
    resolve: (args) => {
      elementColumns(name, args[0], outer)
      return { args, type: VOID }
    },
    columns: (args) => {
      const element = elementColumns(name, args[0], outer)
      return withPosition ? [{ name: 'pos', type: INT, nullable: outer }, ...element] : element
    },
    bind: (site) => {
      const width = (site.args[0]!.kind === 'map' ? 2 : 1) + (withPosition ? 1 : 0)
      const none: readonly Row[] = outer ? [new Array<Value>(width).fill(null)] : []
      return (v: readonly Value[] | MapValue | null) => {
        const rows = v === null ? [] : elementRows(v)
        if (rows.length === 0) return none
        return withPosition ? rows.map((r, i) => [i, ...r]) : rows
      }
    },
  }
}

function membersOf(name: string, type: DataType | undefined): StructType {
  if (type?.kind === 'array' && type.element.kind === 'struct') return type.element
  return unexpectedType(name, 1, 'an array of structs', type ?? VOID)
}

function inline(name: string, outer: boolean, doc: string): GeneratorEntry {
  return {
    kind: 'generator',
    name,
    group: 'generator',
    doc,
    examples: [{ sql: `${name}(array(struct(1, 'a'), struct(2, 'b')))`, gives: '1, a; 2, b' }],
    params: [arg('structs', 'ARRAY')],
    resolve: (args) => {
      membersOf(name, args[0])
      return { args, type: VOID }
    },
    columns: (args) => membersOf(name, args[0]).fields.map((f) => ({ name: f.name, type: f.type, nullable: true })),
    bind: (site) => {
      const nulls: Row = membersOf(name, site.args[0]).fields.map(() => null)
      const none: readonly Row[] = outer ? [nulls] : []
      return (v: readonly (Row | null)[] | null) => (v === null || v.length === 0 ? none : v.map((r) => r ?? nulls))
    },
  }
}

/** The count of rows a call of `stack` gives. */
function stackRows(constants: readonly (Value | undefined)[]): number {
  const n = constants[0]
  if (n === undefined) return notConstant('stack', 'n')
  if (n === null) throw new AnalysisError('DATATYPE_MISMATCH.UNEXPECTED_NULL', { function: 'stack', name: 'n' })
  return typeof n === 'number' && n > 0 ? n : outOfRange('stack', 'n', 'above 0', String(n))
}

const stack: GeneratorEntry = {
  kind: 'generator',
  name: 'stack',
  group: 'generator',
  doc: 'Lays its values out in `n` rows; NULL fills the last row.',
  examples: [{ sql: `stack(2, 1, 'a', 2, 'b')`, gives: '1, a; 2, b' }],
  params: [arg('n', INT, { exact: true, foldable: true }), arg('value', 'ANY', { variadic: true })],
  columns: (args, constants) => {
    const width = Math.ceil((args.length - 1) / stackRows(constants))
    return Array.from({ length: width }, (_, column) => {
      let type: DataType = VOID
      for (let i = 1 + column; i < args.length; i += width) {
        if (type.kind === 'void') type = args[i]!
        else if (args[i]!.kind !== 'void' && !sameType(type, args[i]!)) {
          throw new AnalysisError('DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES', {
            index: column,
            left: typeName(type),
            right: typeName(args[i]!),
          })
        }
      }
      return { name: `col${column}`, type, nullable: true }
    })
  },
  bind: (site) => {
    const rows = stackRows(site.constants)
    const width = Math.ceil((site.args.length - 1) / rows)
    return (_n: Value, ...values: Value[]) =>
      Array.from({ length: rows }, (_, row) =>
        Array.from({ length: width }, (__, column) => values[row * width + column] ?? null),
      )
  },
}

/** Functions that give rows. */
export const entries: readonly FunctionEntry[] = [
  explode(
    'explode',
    false,
    false,
    'One row for each element of an array (column `col`) or entry of a map (`key`, `value`).',
    'array(10, 20)',
  ),
  explode(
    'explode_outer',
    false,
    true,
    'As explode, but one row of NULL where the array or map is empty or NULL.',
    'array(10, 20)',
  ),
  explode('posexplode', true, false, 'As explode, with the position from 0 in column `pos`.', 'array(10, 20)'),
  explode(
    'posexplode_outer',
    true,
    true,
    'As posexplode, but one row of NULL where the array or map is empty or NULL.',
    'array(10, 20)',
  ),
  inline('inline', false, 'One row for each struct of an array, its members as columns.'),
  inline('inline_outer', true, 'As inline, but one row of NULL where the array is empty or NULL.'),
  stack,
]
