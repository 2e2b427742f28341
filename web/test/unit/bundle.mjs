// Builds one source file and imports it; its own imports come along.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const dir = await mkdtemp(join(tmpdir(), 'guichet-unit-'))
after(() => rm(dir, { recursive: true, force: true }))

/** bundle returns the path of the built file. */
export async function bundle(source, format = 'esm') {
  const out = join(dir, source.replaceAll('/', '-') + '.mjs')
  await promisify(execFile)('go', ['tool', 'esbuild', 'web/src/' + source, '--bundle', '--log-level=error', '--format=' + format, '--outfile=' + out], { cwd: root })
  return out
}

export const load = async source => import(await bundle(source))
