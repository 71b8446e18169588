// Bundles what is shipped, from the TypeScript sources (docs/decisions/0003-bundling.md): node .ci/bundle.mjs [folder, default dist].
//   <folder>/bundle/index.js     import 'millrace'
//   <folder>/bundle/testing.js   import 'millrace/testing'
//   <folder>/bundle/millrace.js  the command
// They share chunks, so a class is the same class in all three. Only the native package stays outside.
import { build } from 'esbuild'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const out = resolve(process.argv[2] ?? join(root, 'dist'), 'bundle')
// What is there stays as it is until the new bundle is whole.
const { metafile, outputFiles } = await build({
  write: false,
  absWorkingDir: root,
  entryPoints: { index: 'src/index.ts', testing: 'src/testing/index.ts', millrace: 'src/cli/main.ts' },
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  chunkNames: 'chunk-[hash]',
  external: ['better-sqlite3', 'apache-arrow', 'pg'],
  // Lines and names stay as they are: stack traces of users point into these files.
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  // CommonJS packages in the bundle ask for Node's modules through require.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
for (const { path, contents } of outputFiles) writeFileSync(path, contents)
chmodSync(join(out, 'millrace.js'), 0o755)
writeFileSync(join(out, 'THIRD-PARTY.txt'), licences(metafile))

/** The licence texts of the packages whose code is in the bundle. */
function licences({ inputs }) {
  const folders = new Set(
    Object.keys(inputs).flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  )
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
      const file = readdirSync(join(root, folder)).find((f) => /^licen[cs]e/i.test(f))
      const text =
        file !== undefined && existsSync(join(root, folder, file))
          ? readFileSync(join(root, folder, file), 'utf8').trim()
          : ''
      return `${name} ${version} (${license})\n\n${text}\n`
    })
    .join(`\n${'-'.repeat(80)}\n\n`)
}
