/** The text of an array as PostgreSQL reads it: elements as text, null for NULL. */
export function arrayText(elements: readonly (string | null)[]): string {
  let out = '{'
  for (let i = 0; i < elements.length; i++) {
    if (i > 0) out += ','
    const e = elements[i]!
    out += e === null ? 'NULL' : PLAIN.test(e) ? e : `"${e.replace(/["\\]/g, '\\$&')}"`
  }
  return `${out}}`
}

/** Elements that need no quotes; the word NULL does. */
const PLAIN = /^(?!null$)[A-Za-z0-9_.:+/=-]+$/i

/** The elements of the text of an array with one dimension; null for any other text. */
export function arrayElements(text: string): (string | null)[] | null {
  // An array whose first place is not 1 says so in front: [0:1]={a,b}
  const from = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  if (text[from] !== '{' || !text.endsWith('}')) return null
  const out: (string | null)[] = []
  const end = text.length - 1
  let i = from + 1
  while (i < end) {
    if (text[i] === '"') {
      let element = ''
      for (i++; i < end && text[i] !== '"'; i++) element += text[i] === '\\' ? text[++i]! : text[i]!
      out.push(element)
      i++
    } else {
      let stop = text.indexOf(',', i)
      if (stop < 0) stop = end
      const word = text.slice(i, stop)
      if (word.includes('{')) return null
      out.push(word === 'NULL' ? null : word)
      i = stop
    }
    if (i < end && text[i++] !== ',') return null
  }
  return out
}
