const REFERENCE = /\$\{(?:(\w+?):)?(\S+?)\}/g
/** Prefixes that mean the settings of the session, as does none. */
const OF_SETTINGS = new Set(['spark', 'sparkconf', 'hiveconf', 'hivevar'])

/** Values that may hold references themselves are followed no deeper. */
const MAX_DEPTH = 16

/**
 * SQL text with `${key}` replaced by the setting of that key, which is empty where it is not set; also as `${spark:key}`,
 * `${hiveconf:key}` and kin. Other prefixes (`env`, `system`) stay as they are: SQL does not read the process's environment. With
 * `spark.sql.variable.substitute` false nothing is replaced.
 */
export function substituteVariables(text: string, setting: (key: string) => string | undefined): string {
  if (!text.includes('${') || setting('spark.sql.variable.substitute')?.toLowerCase() === 'false') return text
  const replaced = (part: string, depth: number): string =>
    part.replace(REFERENCE, (reference: string, prefix: string | undefined, key: string) => {
      if (prefix !== undefined && !OF_SETTINGS.has(prefix)) return reference
      const value = setting(key) ?? ''
      return depth < MAX_DEPTH && value.includes('${') ? replaced(value, depth + 1) : value
    })
  return replaced(text, 0)
}
