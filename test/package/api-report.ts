import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The public names of an entry and how they are declared, as text: what a change of the API shows up in. `entry` is a
 * `.d.ts` file; private members and doc comments are left out, declarations are sorted by name.
 */
export function apiReport(entry: string): string {
  const found = new Map<string, string>()
  collect(entry, '', found)
  const blocks = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)
  return `\`\`\`ts\n${blocks.join('\n\n')}\n\`\`\`\n`
}

/** Adds what `file` exports, each name with `prefix` in front. */
function collect(file: string, prefix: string, found: Map<string, string>): void {
  const text = withoutComments(readFileSync(file, 'utf8'))
  const near = (specifier: string): string => join(dirname(file), specifier.replace(/\.(?:ts|js)$/, '.d.ts'))
  for (const { 1: names, 2: from } of text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from ['"](.+?)['"])?;/gm)) {
    if (from === undefined) continue
    for (const name of names!
      .split(',')
      .map((n) => n.trim())
      .filter((n) => n !== '')) {
      const [, own, as] = /^(?:type )?(\w+)(?: as (\w+))?$/.exec(name)!
      found.set(prefix + (as ?? own!), named(declaration(near(from), own!), own!, prefix + (as ?? own!)))
    }
  }
  for (const { 1: as, 2: from } of text.matchAll(/^export \* (?:as (\w+) )?from ['"](.+?)['"];/gm))
    collect(near(from!), as === undefined ? prefix : `${prefix}${as}.`, found)
  for (const { 1: name } of text.matchAll(
    /^export (?:declare )?(?:abstract )?(?:class|function|const|type|interface) (\w+)/gm,
  ))
    found.set(prefix + name!, named(declaration(file, name!), name!, prefix + name!))
}

/** The name under which it is exported in front, where it is another. */
const named = (text: string, own: string, shown: string): string => (own === shown ? text : `// ${shown}\n${text}`)

/** The declarations of a name in a file, followed through re-exports. */
function declaration(file: string, name: string): string {
  const text = withoutComments(readFileSync(file, 'utf8'))
  const parts: string[] = []
  for (const { index } of text.matchAll(
    new RegExp(`^export (?:declare )?(?:abstract )?(?:class|function|const|type|interface) ${name}\\b`, 'gm'),
  ))
    parts.push(statementAt(text, index))
  if (parts.length > 0) return parts.join('\n')
  for (const { 1: names, 2: from } of text.matchAll(/^export (?:type )?\{([^}]*)\} from ['"](.+?)['"];/gm)) {
    const entry = names!
      .split(',')
      .map((n) => /^(?:type )?(\w+)(?: as (\w+))?$/.exec(n.trim()))
      .find((m) => m !== null && (m[2] ?? m[1]) === name)
    if (entry) return declaration(join(dirname(file), from!.replace(/\.(?:ts|js)$/, '.d.ts')), entry[1]!)
  }
  throw new Error(`${name} is not declared in ${file}`)
}

/** The statement that begins at `start`: to its `;` or, for classes and interfaces, its closing brace. */
function statementAt(text: string, start: number): string {
  const block = /^export (?:declare )?(?:abstract )?(?:class|interface)/.test(text.slice(start))
  let depth = 0
  let end = start
  for (; end < text.length; end++) {
    const c = text[end]!
    if ('{(['.includes(c)) depth++
    else if ('})]'.includes(c)) {
      depth--
      if (block && depth === 0 && c === '}') break
    } else if (c === ';' && depth === 0) break
  }
  return text
    .slice(start, end + 1)
    .replace(/^export (declare )?/, '')
    .split('\n')
    .filter((l) => l.trim() !== '' && !/^\s+(?:#private;|private )/.test(l))
    .join('\n')
}

const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
