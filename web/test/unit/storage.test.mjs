import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from './bundle.mjs'

const { Vault, parse } = await load('widget/panel/storage.ts')

/** shelf is a browser's storage. */
function shelf() {
  const m = new Map()
  return { getItem: k => m.get(k) ?? null, setItem: (k, v) => m.set(k, v), removeItem: k => m.delete(k) }
}
const kept = n => ({ id: `c${n}`, token: 't', lang: 'fr', title: '', at: `2026-11-${String(n).padStart(2, '0')}T00:00:00Z` })
const refuse = () => { throw new DOMException('blocked', 'SecurityError') }

test('two vaults over one storage see each other', () => {
  const s = shelf()
  const lent = []
  const a = new Vault(() => s, v => lent.push(v), '')
  const b = new Vault(() => s, v => lent.push(v), '')
  a.write({ visitor: 'v'.repeat(32), conversations: [kept(1)] })
  assert.equal(b.read().conversations[0].id, 'c1')
  assert.deepEqual(lent, [], 'the page is given nothing where the browser stores')
})

test('what one vault wipes, the other has forgotten too', () => {
  const s = shelf()
  const a = new Vault(() => s, () => {}, '')
  const b = new Vault(() => s, () => {}, '')
  a.write({ visitor: 'v', conversations: [kept(1)] })
  b.write(b.read())
  a.wipe()
  assert.deepEqual(b.read().conversations, [])
})

test('a storage that throws: the page holds it, and gives it back', () => {
  const lent = []
  const a = new Vault(refuse, v => lent.push(v), '')
  a.write({ visitor: 'v'.repeat(32), conversations: [kept(1)], pending: { conversation: '', client_id: 'x', text: 'Où ?' } })
  assert.equal(a.read().pending.text, 'Où ?')
  const after = new Vault(refuse, () => {}, lent.at(-1))
  assert.deepEqual(after.read(), a.read())
})

test('a storage that is full', () => {
  const lent = []
  const a = new Vault(() => ({ ...shelf(), setItem: refuse }), v => lent.push(v), '')
  a.write({ visitor: 'v', conversations: [kept(1)] })
  assert.equal(a.read().conversations.length, 1)
  assert.equal(lent.length, 1)
})

test('no more than ten, the newest first', () => {
  const s = shelf()
  const a = new Vault(() => s, () => {}, '')
  a.write({ visitor: 'v', conversations: Array.from({ length: 13 }, (_, i) => kept(i + 1)) })
  assert.deepEqual(a.read().conversations.map(c => c.id), ['c13', 'c12', 'c11', 'c10', 'c9', 'c8', 'c7', 'c6', 'c5', 'c4'])
})

test('wiped in both places', () => {
  const s = shelf()
  const lent = []
  const a = new Vault(() => s, v => lent.push(v), '')
  a.write({ visitor: 'v', conversations: [kept(1)] })
  a.wipe()
  assert.deepEqual([a.read().conversations, lent], [[], ['']])
})

test('what is not ours begins anew, with a secret of its own', () => {
  for (const text of ['', '{', 'null', '[]', '{"visitor":1}']) {
    const m = parse(text)
    assert.match(m.visitor, /^[0-9a-f]{32}$/)
    assert.deepEqual(m.conversations, [])
  }
  assert.notEqual(parse('').visitor, parse('').visitor)
})
