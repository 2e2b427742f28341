// The session against a server that answers as the API does, and loses what a test tells it to.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { bundle } from './bundle.mjs'

const answer = text => ({ id: 'a1', outcome: 'answered', lang: 'en', text, sentences: [{ text, citations: [1] }], citations: [], choices: [], related: [] })

/** api keeps conversations; a fault, given once, is what the next question meets. */
const api = { fault: '', asked: [], conversations: new Map(), held: null }
const server = createServer(async (request, response) => {
  let body = ''
  for await (const piece of request) body += piece
  const { pathname } = new URL(request.url, 'http://x')
  const [, id, what] = /conversations\/?([^/]*)\/?(.*)/.exec(pathname)
  const json = (status, v) => { response.writeHead(status, { 'content-type': 'application/json' }); response.end(JSON.stringify(v)) }
  if (request.method === 'POST' && !id) {
    const next = { id: `c${api.conversations.size + 1}`, lang: 'en', owner: 'assistant', entries: [], ticket: null }
    api.conversations.set(next.id, next)
    return json(201, { id: next.id, token: 'token' })
  }
  const c = api.conversations.get(id)
  if (!c) return json(404, { detail: 'no' })
  if (request.headers.authorization !== 'Bearer token') return json(401, { detail: 'whose?' })
  if (request.method === 'GET') return json(200, c)
  const { text, client_id } = JSON.parse(body)
  api.asked.push(client_id)
  const fault = api.fault
  api.fault = ''
  if (fault === 'hold') { // answered together with the next one
    c.entries.push({ seq: c.entries.length + 1, kind: 'message', author: 'member', client_id, text, created_at: new Date().toISOString() })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('event: delta\ndata: {"text":"Too early.","citations":[]}\n\n')
    api.held = response
    return
  }
  if (fault === 'refuse') return json(429, { detail: 'In 12 s.' })
  const add = e => c.entries.push({ seq: c.entries.length + 1, created_at: new Date().toISOString(), ...e })
  if (!c.entries.some(e => e.client_id === client_id)) {
    add({ kind: 'message', author: 'member', client_id, text })
    if (what === 'questions') add({ kind: 'answer', author: 'assistant', text: 'Yes.', answer: answer('Yes.') })
  }
  if (what === 'messages') return json(201, {})
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('event: sources\ndata: {"articles":[{}]}\n\nevent: delta\ndata: {"text":"Yes.","citations":[1]}\n\n')
  if (fault === 'break') return response.destroy()
  api.held?.end(`event: joined\ndata: {"client_id":"${client_id}"}\n\nevent: answer\ndata: ${JSON.stringify(answer('Yes.'))}\n\n`)
  api.held = null
  response.end(`event: answer\ndata: ${JSON.stringify(answer('Yes.'))}\n\n`)
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
after(() => { server.closeAllConnections(); server.close() })
const base = `http://127.0.0.1:${server.address().port}`

// What of a browser the session touches.
const texts = { 'ask.failed': 'failed', 'answer.assistant': 'Assistant', 'widget.gone': 'gone' }
const config = { lang: 'en', tag: 'en', dir: 'ltr', site: 'S', langs: [], sites: [], categories: [], zone: 'UTC', maxQuestion: 2000, maxRequest: 20000, texts }
globalThis.window = Object.assign(globalThis, { parent: null })
globalThis.document = Object.assign(new EventTarget(), {
  hidden: false,
  getElementById: id => ({ textContent: id === 'panel-config' ? JSON.stringify(config) : '', dataset: { mode: 'page' } }),
})
const bus = new EventTarget()
globalThis.addEventListener = bus.addEventListener.bind(bus)
globalThis.requestAnimationFrame = f => queueMicrotask(f)
globalThis.location = { href: base + '/en/chat' }
Object.defineProperty(globalThis, 'navigator', { value: { onLine: true }, configurable: true })
delete globalThis.BroadcastChannel // it would keep the process
const every = globalThis.setInterval
globalThis.setInterval = (...a) => every(...a).unref()
const real = globalThis.fetch
globalThis.fetch = (path, options) => {
  if (api.fault === 'offline') return Promise.reject(new TypeError('network'))
  const { cache, ...rest } = options
  return real(base + path, rest)
}

const path = await bundle('widget/panel/session.ts')
let n = 0
/** browser is a panel freshly loaded over this storage. */
async function browser(storage = new Map()) {
  globalThis.localStorage = { getItem: k => storage.get(k) ?? null, setItem: (k, v) => storage.set(k, v), removeItem: k => storage.delete(k) }
  const s = await import(`${path}?${n++}`)
  s.begin({ stored: '', site: '' }, () => {})
  return s
}
/** until waits for a signal's value. */
const until = (signal, want) => new Promise(resolve => {
  const end = signal.subscribe(v => { if (want(v)) queueMicrotask(() => { end(); resolve(v) }) })
})
const memory = storage => JSON.parse(storage.get('guichet'))
const settled = async s => { await until(s.entries, e => e.some(x => x.answer)); await until(s.live, l => !l) }

test('a question, its answer, and nothing pending', async () => {
  const storage = new Map()
  const s = await browser(storage)
  s.send(' Where? ')
  assert.equal(memory(storage).pending.text, 'Where?')
  await settled(s)
  assert.deepEqual(s.entries.value.map(e => [e.author, e.text]), [['member', 'Where?'], ['assistant', 'Yes.']])
  assert.equal(memory(storage).pending, undefined)
  assert.equal(memory(storage).conversations[0].title, 'Where?')
})

test('a reload in the middle asks again with the same id', async () => {
  const storage = new Map()
  const s = await browser(storage)
  api.fault = 'offline'
  s.send('Where?')
  await until(s.live, l => l?.state === 'waiting')
  const { client_id } = memory(storage).pending
  api.fault = ''
  const again = await browser(storage)
  await settled(again)
  assert.equal(again.entries.value.length, 2)
  assert.equal(api.asked.at(-1), client_id)
})

test('a stream that breaks is asked for again, and stands once', async () => {
  const s = await browser()
  api.fault = 'break'
  s.send('Where?')
  await settled(s)
  assert.equal(s.entries.value.filter(e => e.author === 'member').length, 1)
  assert.equal(api.asked.at(-1), api.asked.at(-2))
})

test('a message while one is answered: both stand, with one answer', async () => {
  const storage = new Map()
  const s = await browser(storage)
  api.fault = 'hold'
  s.send('Hello')
  await until(s.live, l => l?.sentences.length)
  s.send('my parcel')
  assert.deepEqual(s.live.value.earlier.map(p => p.text), ['Hello'])
  assert.deepEqual(s.live.value.sentences, [], 'what was said to the first is not shown with both')
  assert.deepEqual([memory(storage).earlier[0].text, memory(storage).pending.text], ['Hello', 'my parcel'])
  await settled(s)
  assert.deepEqual(s.entries.value.map(e => e.text), ['Hello', 'my parcel', 'Yes.'])
  assert.deepEqual([memory(storage).pending, memory(storage).earlier], [undefined, undefined])
  assert.equal(memory(storage).conversations.length, 1)
})

test('two messages at once open one conversation and arrive in their order', async () => {
  const storage = new Map()
  const s = await browser(storage)
  s.send('Hello')
  s.send('my parcel')
  await until(s.entries, e => e.filter(x => x.author === 'member').length === 2)
  await until(s.live, l => !l)
  assert.deepEqual(s.entries.value.filter(e => e.author === 'member').map(e => e.text), ['Hello', 'my parcel'])
  assert.equal(memory(storage).conversations.length, 1)
})

test('a message that never arrived goes again after the one behind it', async () => {
  const storage = new Map([['guichet', JSON.stringify({ visitor: 'v', conversations: [{ id: 'c9', token: 'token', lang: 'en', title: 'x', at: '2026-01-01' }],
    earlier: [{ conversation: 'c9', client_id: 'lost', text: 'Hello' }], pending: { conversation: 'c9', client_id: 'last', text: 'my parcel' } })]])
  api.conversations.set('c9', { id: 'c9', lang: 'en', owner: 'assistant', entries: [], ticket: null })
  const s = await browser(storage)
  await until(s.entries, e => e.filter(x => x.author === 'member').length === 2)
  await until(s.live, l => !l)
  assert.deepEqual(api.asked.slice(-2), ['last', 'lost'])
  assert.equal(memory(storage).pending, undefined)
})

test('a refusal is said, and the same question goes again', async () => {
  const s = await browser()
  api.fault = 'refuse'
  s.send('Where?')
  const l = await until(s.live, x => x?.state === 'failed')
  assert.equal(l.problem, 'In 12 s.')
  await s.deliver()
  await settled(s)
  assert.equal(api.asked.at(-1), api.asked.at(-2))
})

test('a conversation that is gone: the question begins another', async () => {
  const storage = new Map()
  const s = await browser(storage)
  s.send('First?')
  await settled(s)
  api.conversations.clear()
  api.conversations.set('other', { entries: [] })
  s.send('Second?')
  await until(s.entries, e => e.some(x => x.text === 'Second?'))
  assert.deepEqual(memory(storage).conversations.map(c => c.id), ['c2'])
})

test('with a ticket, words go to the team; a closed one asks again', async () => {
  const s = await browser()
  s.send('Where?')
  await settled(s)
  const c = api.conversations.get(s.openId.value)
  c.ticket = { ref: 'G-00000', status: 'received', url: '', promised_at: null, held: false }
  c.owner = 'queue'
  await s.refresh()
  s.send('More.')
  await until(s.entries, e => e.some(x => x.text === 'More.'))
  await until(s.live, l => !l)
  assert.equal(c.entries.length, 3, 'a message has no answer')
  c.entries.push({ seq: 4, kind: 'message', author: 'agent', name: 'Claire', text: 'Soon.', created_at: new Date().toISOString() })
  await s.refresh()
  assert.equal(s.unread.value, 1)
  s.reading.value = true
  s.seen()
  assert.equal(s.unread.value, 0)
  c.ticket.status = 'closed'
  await s.refresh()
  s.send('New?')
  await until(s.entries, e => e.at(-1)?.answer)
})

test('wiped: no token stays', async () => {
  const storage = new Map()
  const s = await browser(storage)
  s.send('Where?')
  await settled(s)
  s.wipe()
  assert.equal(storage.size, 0)
  assert.deepEqual(s.entries.value, [])
})
