import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/**
 * conformance/known.md: the cases that fail, by cause. Under a heading `## <suite>` each cause is one line
 * `- <cause> (<count>)`, followed by the ids of its cases, indented, one a line in backquotes.
 */
export class Known {
  readonly #ids = new Map<string, Set<string>>()

  constructor(path: string) {
    if (!existsSync(path)) return
    let suite = ''
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const heading = /^## (\w+)/.exec(line)
      if (heading) suite = heading[1]!
      const id = /^ {2}- `(.*)`$/.exec(line)
      if (id) this.of(suite).add(id[1]!)
    }
  }

  of(suite: string): Set<string> {
    let set = this.#ids.get(suite)
    if (set === undefined) this.#ids.set(suite, (set = new Set()))
    return set
  }
}

/** Writes known.md anew from what fails now. `reasons` gives the missing rule for a cause, by its first words. */
export function writeKnown(path: string, suites: readonly { readonly name: string; readonly fails: readonly { readonly id: string; readonly cause: string }[] }[]): void {
  const parts = suites.map(({ name, fails }) => {
    const causes = new Map<string, string[]>()
    for (const { id, cause } of fails) causes.set(cause, [...(causes.get(cause) ?? []), id])
    const sorted = [...causes].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
    const lines = sorted.flatMap(([cause, ids]) => [`- ${cause} (${ids.length})`, ...ids.sort().map((id) => `  - \`${id}\``)])
    return `## ${name}\n\n${fails.length} cases fail.\n\n${lines.join('\n')}\n`
  })
  writeFileSync(
    path,
    `# What the recorded cases show that millrace does not do yet\n\nWritten by \`npm run conform -- all --write-known\`. The runner fails when a case listed here passes, or one not listed fails.\nEach cause is one line with its count; the cases stand below it.\n\n${parts.join('\n')}`,
  )
}
