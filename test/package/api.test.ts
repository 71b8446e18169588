import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiReport } from './api-report.ts'
import { declarationsFolder, root } from './packed.ts'

// A change here is a change of the public API. When it is meant: npx vitest run test/package/api.test.ts -u
test.each([
  ['millrace', 'src/index.d.ts', 'docs/api/index.d.ts.md'],
  ['millrace/testing', 'src/testing/index.d.ts', 'docs/api/testing.d.ts.md'],
])('the public API of %s is the one that is written down', async (name, entry, file) => {
  const report = `# API of \`${name}\`\n\nWritten by test/package/api.test.ts from the declarations that are built.\n\n${apiReport(join(declarationsFolder(), entry))}`
  await expect(report).toMatchFileSnapshot(join(root, file))
})
