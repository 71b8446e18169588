import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { tmpdir } from 'node:os'

/** The pom lies beside this file in the sources; compiled, this file is in dist. */
const POM = [import.meta.dirname, join(import.meta.dirname, '../../../test/kafka-broker')]
  .map((dir) => join(dir, 'pom.xml'))
  .find((path) => existsSync(path))!

/** What is missing to run a broker here; empty when nothing is. */
export function missingForBroker(): readonly string[] {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0)
  const missing: string[] = []
  if (java.error !== undefined) missing.push('Java 17 or newer (Debian: openjdk-17-jre-headless)')
  else if (version < 17) missing.push(`Java 17 or newer, this is ${version}`)
  if (spawnSync('mvn', ['-v']).error !== undefined) missing.push('Maven (Debian: maven)')
  return missing
}

/** The class path of the broker. Maven downloads the jars once, to the user's repository. Throws when something is missing. */
export function brokerClassPath(): string {
  const missing = missingForBroker()
  if (missing.length > 0) throw new Error(`a Kafka broker cannot be started; missing: ${missing.join(', ')}`)
  const hash = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 16)
  const cached = join(dirname(POM), '../../node_modules/.cache/millrace-kafka', `${hash}.txt`)
  const read = (path: string): string | null => {
    const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
    return text !== '' && text.split(delimiter).every((jar) => existsSync(jar)) ? text : null
  }
  const known = read(cached)
  if (known !== null) return known
  const dir = mkdtempSync(join(tmpdir(), 'millrace-kafka-jars-'))
  try {
    const out = join(dir, 'classpath')
    const args = ['-q', '-B', '-f', POM, 'dependency:build-classpath', `-Dmdep.outputFile=${out}`]
    const { status, stdout, stderr } = spawnSync('mvn', args, { encoding: 'utf8' })
    const found = read(out)
    if (status !== 0 || found === null) throw new Error(`Maven did not get the jars of Kafka:\n${stdout}${stderr}`)
    mkdirSync(dirname(cached), { recursive: true })
    // Beside its place first, as the folder for temporary files may lie on another disk.
    writeFileSync(`${cached}.${process.pid}`, found)
    renameSync(`${cached}.${process.pid}`, cached)
    return found
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
