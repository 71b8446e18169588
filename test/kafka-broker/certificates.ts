import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** A key store for the broker and its certificate as PEM, made by keytool for 127.0.0.1 and localhost. */
export interface Certificates {
  readonly keyStore: string
  readonly password: string
  readonly trustPem: string
}

export function makeCertificates(dir: string): Certificates {
  const keyStore = join(dir, 'broker.p12')
  const trustPem = join(dir, 'broker.pem')
  const password = 'test-store'
  const store = ['-keystore', keyStore, '-storetype', 'PKCS12', '-storepass', password, '-alias', 'broker']
  const name = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1']
  keytool(['-genkeypair', ...store, '-keyalg', 'EC', '-validity', '2', ...name])
  keytool(['-exportcert', '-rfc', ...store, '-file', trustPem])
  return { keyStore, password, trustPem }
}

function keytool(args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync('keytool', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`keytool failed: ${error?.message ?? ''}${stdout}${stderr}`)
}
