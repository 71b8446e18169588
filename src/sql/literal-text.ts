/** What a name in backquotes says. */
export function unquoteIdentifier(image: string): string {
  return image.slice(1, -1).replaceAll('``', '`')
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\u001a',
  '%': '\\%',
  _: '\\_',
}

/**
 * What a string literal with its quotes says: the quote doubled is the quote; \n \t \r \b \Z \0, \ooo (octal up to
 * \177), \uXXXX, \UXXXXXXXX; `\%` and `\_` keep their backslash for LIKE; any other escaped character is itself.
 * Nothing is read in r'…'.
 */
export function unescapeString(image: string): string {
  if (image[0] === 'r' || image[0] === 'R') return image.slice(2, -1)
  const quote = image[0]!
  const body = image.slice(1, -1).replaceAll(quote + quote, quote === "'" ? "\\'" : '\\"')
  if (!body.includes('\\')) return body
  return body.replace(
    /\\(?:U([0-9a-fA-F]{8})|u([0-9a-fA-F]{4})|([01][0-7]{2})|([^]))/g,
    (_, long, short, octal, one: string) => {
      if (long !== undefined) {
        const point = Number.parseInt(String(long), 16)
        return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
      }
      if (short !== undefined) return String.fromCharCode(Number.parseInt(String(short), 16))
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(String(octal), 8))
      return one === '0' ? '\0' : (ESCAPES[one] ?? one)
    },
  )
}

/** A string literal that reads back as `text`. */
export function quoteString(text: string): string {
  const body = text.replace(/\\([%_])|[\\'\n\r\t\0]/g, (m, wildcard: string | undefined) => {
    if (wildcard !== undefined) return m
    if (m === '\n') return '\\n'
    if (m === '\r') return '\\r'
    if (m === '\t') return '\\t'
    return m === '\0' ? '\\u0000' : `\\${m}`
  })
  return `'${body}'`
}

/** A name as it must be written: in backquotes where it was, or where it is no plain word. */
export function quoteIdentifier(name: string, quoted: boolean | undefined): string {
  return quoted === true || !/^\w+$/.test(name) || /^\d+([lsy]|(e\d+)?(bd|d|f)?)$/i.test(name)
    ? `\`${name.replaceAll('`', '``')}\``
    : name
}
