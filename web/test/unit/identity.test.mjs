// The member's session: one exchange for one member, another for the next, and none after signing out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bundle } from './bundle.mjs'

const config = { lang: 'en', tag: 'en', dir: 'ltr', site: 'S', langs: [], sites: [], categories: [], zone: 'UTC', maxQuestion: 2000, maxRequest: 20000, texts: {} }
globalThis.window = Object.assign(globalThis, { parent: null })
globalThis.document = { getElementById: id => ({ textContent: id === 'panel-config' ? JSON.stringify(config) : '', dataset: { mode: 'page' } }) }
globalThis.addEventListener = () => {}

const encoded = v => Buffer.from(JSON.stringify(v)).toString('base64url')
const token = (sub, kid = 'k-1') => `${encoded({ kid })}.${encoded({ sub })}.s`
const path = await bundle('widget/panel/identity.ts')
let n = 0

/** tab is a panel freshly loaded in a tab with this storage; calls are what the server was asked. */
async function tab({ storage = new Map(), refuse = () => false } = {}) {
  globalThis.sessionStorage = { getItem: k => storage.get(k) ?? null, setItem: (k, v) => storage.set(k, v), removeItem: k => storage.delete(k) }
  const calls = []
  globalThis.fetch = async (url, { method, body, headers }) => {
    const sent = body && JSON.parse(body)
    calls.push({ method, ...sent, as: headers.Authorization })
    const json = (status, v) => ({ ok: status < 400, status, json: async () => { if (v === undefined) throw new SyntaxError('empty'); return v } })
    if (method === 'DELETE') return json(204)
    if (refuse(sent)) return json(401, { detail: 'no' })
    const { sub } = JSON.parse(Buffer.from(sent.token.split('.')[1], 'base64url'))
    return json(200, { session: `session-${sub}-${calls.length}`, expires_at: new Date(Date.now() + 3600_000).toISOString(), merged: !!sent.conversation, member: { id: sub, site: 'https://shop.example', name: sub } })
  }
  return { ...await import(`${path}?${n++}`), calls, storage }
}

test('a token is exchanged once; the next page\'s token of the same member is not', async () => {
  const a = await tab()
  assert.equal(await a.identify(token('camille'), undefined), false)
  const { session } = a.me.value
  await a.identify(token('camille'), undefined)
  assert.equal(a.calls.length, 1)
  const b = await tab({ storage: a.storage })
  await b.identify(token('camille'), undefined)
  assert.equal(b.me.value.session, session)
  assert.equal(b.calls.length, 0)
  // Somebody of the same name, whom another site's key vouches for, is somebody else.
  await b.identify(token('camille', 'k-2'), undefined)
  assert.equal(b.calls[0].token, token('camille', 'k-2'))
})

test('another member takes the place, and the first session ends', async () => {
  const a = await tab()
  await a.identify(token('camille'), undefined)
  const { session } = a.me.value
  await a.identify(token('vasseur'), undefined)
  assert.equal(a.me.value.id, 'https://shop.example vasseur')
  assert.deepEqual(a.calls.filter(c => c.method === 'DELETE').map(c => c.as), ['Bearer ' + session])
})

test('a guest\'s conversation goes along; where its token is refused, the member still comes in', async () => {
  const guest = { id: 'c', token: 't' }
  assert.equal(await (await tab()).identify(token('camille'), guest), true)
  const a = await tab({ refuse: sent => sent.conversation })
  assert.equal(await a.identify(token('camille'), guest), false)
  assert.equal(a.me.value.id, 'https://shop.example camille')
})

test('a refused token signs nobody in, and takes away who was', async () => {
  const a = await tab({ refuse: sent => sent.token === token('evil') })
  await a.identify(token('camille'), undefined)
  await a.identify(token('evil'), undefined)
  assert.equal(a.me.value, null)
  assert.equal(a.storage.size, 0)
})

test('signing out leaves nothing; an old session is not taken up', async () => {
  const a = await tab()
  await a.identify(token('camille'), undefined)
  const kept = new Map(a.storage)
  a.signOut()
  assert.equal(a.me.value, null)
  assert.equal(a.storage.size, 0)
  assert.equal(a.calls.at(-1).method, 'DELETE')
  const old = JSON.parse(kept.get('guichet-member'))
  kept.set('guichet-member', JSON.stringify({ ...old, expires: new Date(Date.now() - 1000).toISOString() }))
  assert.equal((await tab({ storage: kept })).me.value, null)
})
