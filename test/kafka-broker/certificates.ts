import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A key store for the broker and its certificate as PEM, for 127.0.0.1 and localhost; and clients, who vouch for themselves. */
export interface Certificates {
  readonly keyStore: string
  readonly password: string
  readonly trustPem: string
  /** The one the broker lets in, and one it does not know. */
  readonly client: ClientCertificate
  readonly stranger: ClientCertificate
}

export interface ClientCertificate {
  readonly certificatePem: string
  /** Encrypted with `password`. */
  readonly keyPem: string
  /** Certificate and key in one file of PEM, and in one of PKCS12, with that password too. */
  readonly pem: string
  readonly pkcs12: string
}

export function makeCertificates(dir: string): Certificates {
  const keyStore = join(dir, 'broker.p12')
  const trustPem = join(dir, 'broker.pem')
  const password = 'test-store'
  const store = ['-keystore', keyStore, '-storetype', 'PKCS12', '-storepass', password, '-alias', 'broker']
  const name = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1']
  keytool(['-genkeypair', ...store, '-keyalg', 'EC', '-validity', '2', ...name])
  keytool(['-exportcert', '-rfc', ...store, '-file', trustPem])
  const [client, stranger] = ['client', 'stranger'].map((who) => makeClient(dir, who, password)) as [
    ClientCertificate,
    ClientCertificate,
  ]
  return { keyStore, password, trustPem, client, stranger }
}

function makeClient(dir: string, who: string, password: string): ClientCertificate {
  const at = (extension: string): string => join(dir, `${who}.${extension}`)
  const [certificatePem, keyPem, pem, pkcs12] = [at('crt'), at('key'), at('pem'), at('p12')]
  const pair = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '2', '-subj', `/CN=${who}`]
  openssl(['req', '-x509', ...pair, '-passout', `pass:${password}`, '-keyout', keyPem, '-out', certificatePem])
  writeFileSync(pem, readFileSync(keyPem, 'utf8') + readFileSync(certificatePem, 'utf8'))
  const secrets = ['-passin', `pass:${password}`, '-passout', `pass:${password}`]
  openssl(['pkcs12', '-export', '-inkey', keyPem, '-in', certificatePem, ...secrets, '-out', pkcs12])
  return { certificatePem, keyPem, pem, pkcs12 }
}

function openssl(args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl failed: ${error?.message ?? ''}${stdout}${stderr}`)
}

function keytool(args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync('keytool', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`keytool failed: ${error?.message ?? ''}${stdout}${stderr}`)
}
