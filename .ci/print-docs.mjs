// Writes docs/sources.md and docs/sinks.md from the connectors' declarations: `npm run build && node .ci/print-docs.mjs [dist]`.
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '..')
const dist = resolve(process.argv[2] ?? resolve(root, 'dist'))
const load = (path) => import(pathToFileURL(resolve(dist, path)).href)
const { SINKS, SOURCES } = await load('src/connectors/registry.js')
const { sinksPage, sourcesPage } = await load('src/connectors/print-docs.js')
writeFileSync(resolve(root, 'docs/sources.md'), sourcesPage(SOURCES))
writeFileSync(resolve(root, 'docs/sinks.md'), sinksPage(SINKS))
