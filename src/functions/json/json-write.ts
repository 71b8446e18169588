import { formatDouble } from '../../types/format.ts'
import { JsonArray, JsonNumber, type JsonNode } from './json-text.ts'

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

const escape = (c: string): string => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`

// oxlint-disable-next-line no-control-regex -- control characters are what has to be escaped
const ESCAPED = /["\\\u0000-\u001f]/g

/** A string in quotes; escaped is only what JSON demands. */
export const quoteJson = (text: string): string => `"${text.replace(ESCAPED, escape)}"`

/** A number as Java prints it: digits alone as they are, others as a double. */
export function numberText(raw: string): string {
  if (/^-?\d+$/.test(raw)) return raw
  const value = Number(raw.replace('INF', 'Infinity'))
  return Number.isFinite(value) ? formatDouble(value) : `"${raw.replace('INF', 'Infinity').replace('+', '')}"`
}

/** The JSON of a node without blanks; numbers with a point or exponent as Java prints a double. */
export function writeJson(node: JsonNode): string {
  if (node === null) return 'null'
  if (typeof node === 'boolean') return String(node)
  if (typeof node === 'string') return quoteJson(node)
  if (node instanceof JsonNumber) return numberText(node.raw)
  if (node instanceof JsonArray) return `[${node.items.map(writeJson).join(',')}]`
  return `{${node.names.map((n, i) => `${quoteJson(n)}:${writeJson(node.values[i]!)}`).join(',')}}`
}

/** The JSON of a node laid out over lines, two blanks a level; numbers as they are written. */
export function prettyJson(node: JsonNode, indent = ''): string {
  if (node instanceof JsonNumber) return node.raw
  if (node instanceof JsonArray) {
    return node.items.length === 0 ? '[ ]' : `[ ${node.items.map((x) => prettyJson(x, indent)).join(', ')} ]`
  }
  if (node === null || typeof node !== 'object') return writeJson(node)
  if (node.names.length === 0) return '{ }'
  const inner = `${indent}  `
  return `{\n${node.names.map((n, i) => `${inner}${quoteJson(n)} : ${prettyJson(node.values[i]!, inner)}`).join(',\n')}\n${indent}}`
}
