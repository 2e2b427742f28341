// The browser tests. One process, so that guichet, its vectors and the browser are made once; each
// suite also runs alone: node --test test/path.suite.mjs
import { setUp, wrapUp } from './harness.mjs'

setUp()
for (const suite of ['path', 'nojs', 'input', 'pages', 'search', 'feedback', 'widget', 'identity', 'files', 'keyboard', 'media', 'look', 'languages', 'settings', 'routing', 'talk', 'accounts', 'abuse', 'handoff', 'space']) await import(`./${suite}.suite.mjs`)
wrapUp()
