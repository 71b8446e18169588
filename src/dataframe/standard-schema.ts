import type { StandardSchema } from '../columns/typed-row.ts'
import { AnalysisError } from '../errors/errors.ts'
import {
  arrayOf,
  BOOLEAN,
  type DataType,
  DOUBLE,
  type Field,
  field,
  INT,
  mapOf,
  type Schema,
  STRING,
  structOf,
} from '../types/data-type.ts'

/** The parts of JSON Schema that say what columns there are. */
interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema | boolean
  readonly additionalProperties?: JsonSchema | boolean
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
}

interface Describing {
  readonly '~standard': StandardSchema['~standard'] & {
    readonly jsonSchema?: { readonly output: (options: { readonly target: string }) => unknown }
  }
  readonly toJSONSchema?: () => unknown
  readonly toJsonSchema?: () => unknown
}

/**
 * The columns a Standard Schema object describes, by its JSON Schema: `~standard.jsonSchema` (Standard JSON Schema), or
 * the method toJSONSchema or toJsonSchema that libraries have. Whole numbers within 32 bits are INT, other numbers DOUBLE
 * (what the compiler's `number` can hold), text STRING, objects STRUCT, records MAP. SCHEMA_WITHOUT_COLUMNS otherwise.
 */
export function standardColumns(schema: StandardSchema): Schema {
  const given = schema as StandardSchema & Describing
  const { vendor } = given['~standard']
  const refuse = (reason: string, cause?: unknown): never => {
    const hint = 'give the columns as DDL, and the type by .as<Type>()'
    throw new AnalysisError('SCHEMA_WITHOUT_COLUMNS', { vendor, reason }, { hint, cause })
  }
  let json: unknown
  try {
    const standard = given['~standard'].jsonSchema
    if (standard) json = standard.output({ target: 'draft-2020-12' })
    else if (typeof given.toJSONSchema === 'function') json = given.toJSONSchema()
    else if (typeof given.toJsonSchema === 'function') json = given.toJsonSchema()
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error), error)
  }
  if (typeof json !== 'object' || json === null) return refuse('it has no JSON Schema')
  const type = read(json as JsonSchema, '', refuse)
  return type.type.kind === 'struct' ? { fields: type.type.fields } : refuse('it does not describe an object')
}

function read(
  json: JsonSchema,
  at: string,
  refuse: (reason: string) => never,
): { readonly type: DataType; readonly nullable: boolean } {
  const variants =
    json.anyOf ?? (Array.isArray(json.type) ? json.type.map((type: string) => ({ ...json, type })) : null)
  if (variants !== null) {
    const rest = variants.filter((v) => v.type !== 'null')
    const types = rest.map((v) => read(v, at, refuse))
    if (types.length === 1) return { type: types[0]!.type, nullable: true }
    const first = types[0]
    if (first && types.every((t) => t.type.kind === first.type.kind && t.type.kind !== 'struct'))
      return { type: first.type, nullable: rest.length < variants.length || types.some((t) => t.nullable) }
    return refuse(`${at === '' ? 'it' : `"${at}"`} may be of several types`)
  }
  const values = json.enum ?? (json.const === undefined ? undefined : [json.const])
  const kind = json.type ?? (values?.every((v) => typeof v === typeof values[0]) ? typeof values[0] : undefined)
  const inner = (name: string): string => (at === '' ? name : `${at}.${name}`)
  switch (kind) {
    case 'string':
      return { type: STRING, nullable: false }
    case 'boolean':
      return { type: BOOLEAN, nullable: false }
    case 'integer': {
      const small = (json.minimum ?? -Infinity) >= -(2 ** 31) && (json.maximum ?? Infinity) < 2 ** 31
      return { type: small ? INT : DOUBLE, nullable: false }
    }
    case 'number':
      return { type: DOUBLE, nullable: false }
    case 'array': {
      if (typeof json.items !== 'object') return refuse(`the elements of ${at === '' ? 'it' : `"${at}"`} have no type`)
      const element = read(json.items, inner('[]'), refuse)
      return { type: arrayOf(element.type, element.nullable), nullable: false }
    }
    case 'object': {
      if (json.properties === undefined) {
        if (typeof json.additionalProperties !== 'object')
          return refuse(`${at === '' ? 'it' : `"${at}"`} is an object of unknown members`)
        const value = read(json.additionalProperties, inner('*'), refuse)
        return { type: mapOf(STRING, value.type, value.nullable), nullable: false }
      }
      const required = new Set(json.required)
      const fields = Object.entries(json.properties).map(([name, p]): Field => {
        const member = read(p, inner(name), refuse)
        return field(name, member.type, member.nullable || !required.has(name))
      })
      return { type: structOf(fields), nullable: false }
    }
    default:
      return refuse(`${at === '' ? 'it' : `"${at}"`} has a type that is no column type`)
  }
}
