import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/**
 * conformance/known.md: the cases that fail, by cause. Under a heading `## <suite>` each cause is one line
 * `- <cause> (<count>)`, followed by the ids of its cases, indented, one a line in backquotes. Causes may be worded by
 * hand: writing the file anew keeps the cause of every case that is still listed.
 */
export class Known {
  readonly #causes = new Map<string, Map<string, string>>()

  constructor(path: string) {
    if (!existsSync(path)) return
    let suite = ''
    let cause = ''
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const heading = /^## (\w+)/.exec(line)
      if (heading) suite = heading[1]!
      const reason = /^- (.*) \(\d+\)$/.exec(line)
      if (reason) cause = reason[1]!
      const id = /^ {2}- `(.*)`$/.exec(line)
      if (id) this.of(suite).set(id[1]!, cause)
    }
  }

  /** Cause by id of the listed cases of a suite. */
  of(suite: string): Map<string, string> {
    let causes = this.#causes.get(suite)
    if (causes === undefined) this.#causes.set(suite, (causes = new Map()))
    return causes
  }
}

/** Writes known.md anew from what fails now. */
export function writeKnown(
  path: string,
  known: Known,
  suites: readonly {
    readonly name: string
    readonly fails: readonly { readonly id: string; readonly cause: string }[]
  }[],
): void {
  const parts = suites.map(({ name, fails }) => {
    const causes = new Map<string, string[]>()
    for (const { id, cause: found } of fails) {
      const cause = known.of(name).get(id) ?? found
      causes.set(cause, [...(causes.get(cause) ?? []), id])
    }
    const sorted = [...causes].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
    const lines = sorted.flatMap(([cause, ids]) => [
      `- ${cause} (${ids.length})`,
      ...ids.sort().map((id) => `  - \`${id}\``),
    ])
    return `## ${name}\n\n${fails.length} cases fail.\n\n${lines.join('\n')}\n`
  })
  writeFileSync(
    path,
    `# What the recorded cases show that millrace does not do yet\n\nWritten by \`npm run conform -- all --write-known\`, which keeps the wording of causes. The runner fails when a case listed here passes, or one not listed fails.\nEach cause is one line with its count; the cases stand below it.\n\n${parts.join('\n')}`,
  )
}
