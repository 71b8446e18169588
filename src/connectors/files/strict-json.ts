import {
  isBlank,
  JsonArray,
  type JsonNode,
  JsonNumber,
  JsonObject,
  type JsonSyntax,
  parseJson,
} from '../../functions/json/json-text.ts'
import { quoteJson } from '../../functions/json/json-write.ts'

const COMMENTS = /\/\/[^\n]*|\/\*[^]*?\*\//g

/** A record that is JSON by a wider syntax as strict JSON, save for NaN and infinities; '' for one that is nothing but comments; null when it is no JSON. */
export function strictJson(record: string, syntax: JsonSyntax): string | null {
  const node = parseJson(record, syntax)
  if (node !== undefined) return written(node)
  return syntax.allowComments === true && isBlank(record.replace(COMMENTS, '')) ? '' : null
}

function written(node: JsonNode): string {
  if (node === null || typeof node === 'boolean') return String(node)
  if (typeof node === 'string') return quoteJson(node)
  if (node instanceof JsonNumber) return node.raw.replace(/^(-?)0+(?=\d)/, '$1')
  if (node instanceof JsonArray) return `[${node.items.map(written).join(',')}]`
  if (node instanceof JsonObject)
    return `{${node.names.map((name, i) => `${quoteJson(name)}:${written(node.values[i]!)}`).join(',')}}`
  return ''
}
