import { malformedRecord } from '../../formats/malformed.ts'
import type { ParseMode } from '../../formats/line-decoder.ts'
import { mergeTypes, rawType, settled, type JsonInference } from '../../functions/json/json-schema.ts'
import { JsonArray, JsonObject, type JsonNode, type JsonSyntax, parseJson } from '../../functions/json/json-text.ts'
import { type DataType, field, type Schema, STRING, structOf } from '../../types/data-type.ts'
import type { ListedFile } from './listing.ts'
import { type Cutting, recordsOf, sampler } from './records.ts'

export interface JsonInferenceOptions extends JsonInference, Cutting {
  readonly syntax: JsonSyntax
  readonly mode: ParseMode
  readonly corruptColumn: string
  readonly samplingRatio: number
  readonly dropFieldIfAllNull: boolean
}

/**
 * The columns of JSON files, by name: the type that takes every value of a member. A record that is no object (nor an
 * array of objects) is left out, and with mode PERMISSIVE brings the column for such records along; with FAILFAST it fails.
 */
export function inferJson(files: readonly ListedFile[], options: JsonInferenceOptions): Schema {
  let type: DataType = structOf([])
  let corrupt = false
  const takes = sampler(options.samplingRatio)
  const add = (node: JsonNode): boolean => {
    if (node instanceof JsonArray) return node.items.every(add)
    if (!(node instanceof JsonObject)) return false
    const own = rawType(node, options)
    // The types of one record mostly are those of the record before.
    if (!sameShape(own, type)) type = mergeTypes(type, own)
    return true
  }
  for (const file of files) {
    let line = 0
    for (const bytes of recordsOf(file, options)) {
      line++
      const text = bytes.toString()
      if (text.trim() === '' || !takes()) continue
      const node = parseJson(text, options.syntax)
      if (node !== undefined && add(node)) continue
      if (options.mode === 'FAILFAST') throw malformedRecord(text, `${file.path}, line ${line}`, 'it is no JSON object')
      corrupt = true
    }
  }
  const made = settled(type, options.dropFieldIfAllNull)
  const fields = made?.kind === 'struct' ? made.fields : []
  if (!corrupt || options.mode !== 'PERMISSIVE' || fields.some((f) => f.name === options.corruptColumn))
    return { fields }
  const all = [field(options.corruptColumn, STRING), ...fields]
  return { fields: all.sort((x, y) => (x.name < y.name ? -1 : 1)) }
}

/** Whether merging `own` into `all` would change nothing. */
function sameShape(own: DataType, all: DataType): boolean {
  if (own.kind === 'void') return true
  if (own.kind === 'struct' && all.kind === 'struct') {
    let at = 0
    for (const f of own.fields) {
      while (at < all.fields.length && all.fields[at]!.name < f.name) at++
      const known = all.fields[at]
      if (known === undefined || known.name !== f.name || !sameShape(f.type, known.type)) return false
    }
    return true
  }
  if (own.kind === 'array' && all.kind === 'array') return sameShape(own.element, all.element)
  return own.kind === all.kind && own.kind !== 'decimal' && own.kind !== 'map'
}
