import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Tests and the processes they start make their temporary folders in one of the run's own, which goes with it. */
export default function ownTempFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tests-'))
  // Some tests go on as a user who may not write.
  chmodSync(folder, 0o755)
  process.env['TMPDIR'] = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
