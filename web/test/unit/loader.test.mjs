// The loader's queue, messages and memory, over the little of a page that it touches. How it looks and
// where the focus goes is the browser tests' matter.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import vm from 'node:vm'
import { bundle } from './bundle.mjs'

const settings = {
  accent: [], default: 'en',
  texts: { en: 'help en', fr: 'help fr' },
}
const source = (await readFile(await bundle('widget/loader.ts', 'iife'), 'utf8')).replace('"__GUICHET_CONFIG__"', JSON.stringify(settings))

class Node extends EventTarget {
  children = []
  style = {}
  contentWindow = { sent: [], postMessage(m, origin, ports) { this.sent.push({ m, origin, port: ports[0] }) } }
  constructor(name) { super(); this.name = name }
  appendChild(e) { e.parent = this; this.children.push(e); return e }
  append(e) { this.appendChild(e) }
  remove() { this.parent.children = this.parent.children.filter(e => e !== this) }
  attachShadow() { return (this.shadow = new Node('shadow')) }
  focus() {}
  find(name) {
    for (const e of [...this.children, ...(this.shadow ? [this.shadow] : [])]) {
      const found = e.name === name ? e : e.find(name)
      if (found) return found
    }
  }
}

/** page is a page that runs the loader once; more runs it again. */
function page({ queue = [], data = {}, url = 'https://shop.example/', lang = 'fr', storage = new Map(), blocked = false } = {}) {
  const refuse = () => { throw new Error('blocked') }
  const window = new EventTarget()
  const body = new Node('body')
  const at = new URL(url)
  const document = Object.assign(new EventTarget(), {
    body, title: 'Shop', documentElement: { lang, style: {} },
    currentScript: { src: 'https://help.example/widget.js', dataset: data },
    createElement: name => new Node(name),
  })
  Object.assign(window, {
    window, document, location: at, navigator: { languages: ['de'] }, URL, URLSearchParams, Intl, MessageChannel, CustomEvent, queueMicrotask, console,
    setTimeout: () => {}, matchMedia: () => ({ matches: false }), CSSStyleSheet: class { replaceSync() {} },
    addEventListener: window.addEventListener.bind(window),
    sessionStorage: {
      getItem: k => blocked ? refuse() : storage.get(k) ?? null,
      setItem: (k, v) => blocked ? refuse() : storage.set(k, v), removeItem: k => blocked ? refuse() : storage.delete(k),
    },
  })
  if (queue.length) window.guichet = Object.assign(() => {}, { q: queue })
  const run = () => vm.runInNewContext(source, window)
  run()
  const frame = () => body.find('iframe')
  /** hello is the panel's first word; what comes back. */
  const hello = (from = {}) => {
    window.dispatchEvent(Object.assign(new Event('message'), { source: frame().contentWindow, origin: 'https://help.example', data: { guichet: 'hello' }, ...from }))
    return frame().contentWindow.sent.at(-1)
  }
  return { window, document, body, run, frame, hello, storage }
}
const heard = port => new Promise(resolve => { port.onmessage = e => { port.close(); resolve(e.data) } })

test('calls that stood in the queue are made in their order', async () => {
  const events = []
  const p = page({ queue: [['on', 'ready', () => events.push('ready')], ['boot', { lang: 'en' }], ['on', 'ready', () => events.push('late')], ['ask', 'Where?']] })
  await Promise.resolve()
  assert.deepEqual(events, ['ready', 'late'])
  assert.equal(p.window.guichet.isOpen, true)
  assert.equal(p.frame().src, 'https://help.example/en/panel')
  const { port } = p.hello()
  assert.deepEqual(await heard(port), { type: 'show' })
})

test('no boot, no launcher; data-boot boots; the language is the page\'s', () => {
  assert.equal(page().body.children.length, 0)
  const p = page({ data: { boot: '' } })
  assert.equal(p.body.children.length, 1)
  assert.equal(p.body.find('button').ariaLabel, 'help fr')
  assert.equal(p.frame(), undefined, 'the frame waits until it is needed')
})

test('booted twice, loaded twice: one launcher', () => {
  const p = page({ queue: [['boot'], ['boot', { lang: 'en' }]] })
  const { guichet } = p.window
  p.run()
  guichet('boot', {})
  assert.equal(p.window.guichet, guichet)
  assert.equal(p.body.children.length, 1)
  assert.equal(p.body.find('button').ariaLabel, 'help en')
})

test('hello is taken from the frame and its origin alone', () => {
  const p = page({ queue: [['boot'], ['show']] })
  p.hello({ origin: 'https://evil.example' })
  p.hello({ source: {} })
  assert.deepEqual(p.frame().contentWindow.sent, [])
  const { m, origin, port } = p.hello()
  port.close()
  assert.equal(origin, 'https://help.example')
  assert.deepEqual({ ...m }, { guichet: 'connect', lang: 'fr', site: '', stored: '', who: undefined })
})

for (const blocked of [false, true]) {
  test(`what the panel gives to keep comes back${blocked ? ', the page\'s storage blocked too' : ''}`, async () => {
    const p = page({ queue: [['boot'], ['show']], blocked })
    const { port } = p.hello()
    const unread = new Promise(resolve => p.window.guichet('on', 'unread', resolve))
    port.postMessage({ type: 'keep', value: 'memory' })
    port.postMessage({ type: 'unread', n: 2 })
    assert.equal(await unread, 2)
    port.close()
    assert.equal(p.window.guichet.unreadCount, 2)
    const again = p.hello()
    again.port.close()
    assert.equal(again.m.stored, 'memory')
  })
}

test('shutdown wipes, and takes the launcher away', async () => {
  const p = page({ queue: [['boot'], ['show']], storage: new Map([['guichet', 'memory']]) })
  const { port } = p.hello()
  p.window.guichet('shutdown')
  assert.equal(p.storage.size, 0)
  assert.equal(p.window.guichet.isOpen, false)
  const asked = new Promise(resolve => { port.onmessage = e => { if (e.data.type === 'shutdown') resolve() } })
  await asked
  const gone = new Promise(resolve => { p.body.children[0].remove = () => { p.body.children = []; resolve() } })
  port.postMessage({ type: 'bye' })
  await gone
  port.close()
  assert.equal(p.body.children.length, 0)
})

test('a deep link opens it', () => {
  assert.equal(page({ url: 'https://shop.example/?guichet=ask:Where' }).window.guichet.isOpen, true)
  assert.equal(page({ url: 'https://shop.example/#guichet' }).window.guichet.isOpen, true)
  assert.equal(page({ url: 'https://shop.example/?q=1' }).window.guichet.isOpen, false)
})
