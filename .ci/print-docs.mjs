// Writes the printed pages of docs: sources and sinks from the connectors' declarations, the streaming matrix from what start() says, functions from the registry, errors from the codes: `npm run build && node .ci/print-docs.mjs [dist]`.
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
const { matrixPage } = await load('src/conform/matrix/page.js')
const { allVerdicts } = await load('src/conform/matrix/verdict.js')
writeFileSync(resolve(root, 'docs/streaming-matrix.md'), matrixPage(await allVerdicts()))
const { functionsPage } = await load('src/conform/reference/functions-page.js')
writeFileSync(resolve(root, 'docs/functions.md'), functionsPage())
const { errorsPage } = await load('src/conform/reference/errors-page.js')
writeFileSync(resolve(root, 'docs/errors.md'), errorsPage())
