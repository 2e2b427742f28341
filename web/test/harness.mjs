// The house of the browser tests: one guichet with the starter articles, one mail server and one
// browser for all suites of a process, and visitors with a network of their own, so that the limits
// on questions and requests hold no test back.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'

export const root = fileURLToPath(new URL('../../', import.meta.url))
export const out = join(root, 'web/test/out')

const run = promisify(execFile)
const children = new Set()
const folders = new Set()
const cleanups = []

process.on('exit', () => { for (const c of children) c.kill('SIGKILL') })
for (const s of ['SIGINT', 'SIGTERM']) process.on(s, () => process.exit(1))

after(async () => {
  for (const end of cleanups.reverse()) await end()
  for (const c of children) await ended(c)
  for (const f of folders) await rm(f, { recursive: true, force: true })
})

function start(command, args, options) {
  const child = spawn(command, args, options)
  child.over = new Promise(resolve => child.once('close', resolve))
  children.add(child)
  child.over.then(() => children.delete(child))
  return child
}

async function ended(child) {
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await child.over
  clearTimeout(late)
}

/** tempDir makes a folder that goes with the process. */
export async function tempDir() {
  const dir = await mkdtemp(join(tmpdir(), 'guichet-browser-'))
  folders.add(dir)
  return dir
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const s = createServer().once('error', reject)
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address()
      s.close(() => resolve(port))
    })
  })
}

/** memo calls make once; all get the same promise. */
export const memo = make => {
  let made
  return () => (made ??= make())
}

/** A mail as tools/mailsink prints it: {from, to, subject, headers, text, html, links}. */
class Inbox {
  mails = []
  #waiting = []

  keep(mail) {
    this.mails.push(mail)
    for (const look of this.#waiting) look()
  }

  /** all the mails to an address, in their order. */
  all(address) { return this.mails.filter(m => m.to.includes(address)) }

  /** nth waits for the nth mail to an address. */
  nth(address, n) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        const all = this.mails.map(m => `${m.to}: ${m.subject}`).join('; ')
        reject(new Error(`mail ${n} to ${address} does not arrive; there are: ${all || 'none'}`))
      }, 30_000)
      const look = () => {
        const mail = this.all(address)[n - 1]
        if (!mail) return
        clearTimeout(late)
        this.#waiting = this.#waiting.filter(w => w !== look)
        resolve(mail)
      }
      this.#waiting.push(look)
      look()
    })
  }
}

async function mailServer() {
  const binary = join(await tempDir(), 'mailsink')
  await run('go', ['build', '-o', binary, './tools/mailsink'], { cwd: root })
  const child = start(binary, [], { stdio: ['pipe', 'pipe', 'inherit'] })
  const inbox = new Inbox()
  const lines = createInterface({ input: child.stdout })
  const address = await new Promise(resolve => lines.once('line', resolve))
  lines.on('line', line => inbox.keep(JSON.parse(line)))
  return { inbox, url: `smtp://${address}?tls=none` }
}

/** vectorServer is the real embedder behind the vectors that are kept already; its address. */
const vectorServer = memo(async () => {
  const binary = join(await tempDir(), 'vectors')
  await run('go', ['build', '-o', binary, './tools/vectors'], { cwd: root })
  const child = start(binary, ['-install', join(root, '.local')], { stdio: ['pipe', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.over.then(() => reject(new Error('the embedding server has ended')))
    createInterface({ input: child.stdout }).once('line', resolve)
  })
})

/** at is a guichet for which it is a moment now, to be given to serve. */
export async function at(moment) {
  const binary = await setClock()
  return { binary, env: { GUICHET_INSTALL_DIR: join(root, '.local'), GUICHET_TEST_CLOCK: moment.toISOString().replace(/\.\d+/, '') } }
}

const setClock = memo(async () => {
  const binary = join(await tempDir(), 'guichet-at')
  await run('go', ['build', '-tags', 'testclock', '-o', binary, './cmd/guichet'], { cwd: root })
  return binary
})

/** A running guichet: {url, adminLink, log, inbox, signInLink()}. */
export async function serve(env, from, then) {
  const data = join(await tempDir(), 'data')
  if (from) await cp(from, data, { recursive: true })
  const url = `http://127.0.0.1:${await freePort()}`
  const mine = {
    PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: tmpdir(),
    GUICHET_ADDR: url.slice('http://'.length), GUICHET_OPS_ADDR: 'off', GUICHET_DATA_DIR: data,
    GUICHET_TRUSTED_PROXIES: '127.0.0.1/32', GUICHET_LOG_LEVEL: 'warn',
    GUICHET_FORM_TIME: '0s', ...then?.env, ...env, // these visitors fill in a form faster than people do
  }
  const binary = then?.binary ?? process.env.GUICHET_BROWSER_BINARY ?? join(root, 'bin/guichet')
  const child = start(binary, ['serve'], { env: mine, stdio: ['ignore', 'pipe', 'pipe'] })
  const site = {
    url, log: '', inbox: null, shop: null, strangers: new Set(),
    /** signInLink is a fresh one-time link for the admin, as the command prints it. */
    signInLink: async () => (await run(binary, ['agent', 'link', 'admin@localhost'], { env: mine })).stdout.trim(),
  }
  /** command runs one of guichet's commands beside it. */
  site.command = (...args) => run(binary, args, { env: mine })
  child.stderr.on('data', d => { site.log += d })
  site.adminLink = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`guichet is not ready after two minutes: ${site.log}`)), 120_000)
    child.over.then(() => reject(new Error(`guichet has ended: ${site.log}`)))
    createInterface({ input: child.stdout }).on('line', line => {
      if (!line.includes('/desk')) return
      clearTimeout(late)
      resolve(line.match(/http:\S+\/desk\/sign-in\/\S+/)?.[0])
    })
  })
  site.adminLink ??= await site.signInLink() // data that was begun elsewhere has its admin
  return site
}

/** main is the help center that all suites share, once its vectors are there. GUICHET_BROWSER_DATA
 *  names the data folder of a stopped guichet to begin with a copy of, which spares making them. */
export const main = memo(async () => {
  const mail = await mailServer()
  const shop = `127.0.0.1:${await freePort()}`
  const site = await serve({ EMBEDDINGS_URL: await vectorServer(), SMTP_URL: mail.url, GUICHET_LEGAL_URL: '/fr/articles/quel-delai-pour-quoi', GUICHET_DEMO_ADDR: shop }, process.env.GUICHET_BROWSER_DATA)
  site.shop = `http://${shop}`
  site.inbox = mail.inbox
  await warm(site)
  return site
})

/** bare is a help center without articles, mail server and embedder, as an operator first meets it. */
export const bare = memo(() => serve({ GUICHET_STARTER: 'none', EMBEDDINGS_URL: 'off', SMTP_URL: '' }))

/** warm waits until every passage has its vector; the first start makes them in a minute or two. */
export async function warm(site) {
  for (const end = Date.now() + 10 * 60_000; ;) {
    const r = await fetch(site.url + '/readyz').catch(e => assert.fail(`guichet has stopped answering (${e.cause}): ${site.log}`))
    const ready = await r.json()
    if (ready.passages > 0 && ready.embeddings_pending === 0) return
    assert.ok(Date.now() < end, `after ten minutes /readyz still says ${JSON.stringify(ready)}\n${site.log}`)
    await pause(250)
  }
}

/** openBrowser starts a browser that ends with the process; options are playwright's. */
export async function openBrowser({ args = [], ...options } = {}) {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean)
  let path
  for (const name of names) {
    path ??= await run('sh', ['-c', 'command -v "$1"', 'sh', name]).then(r => r.stdout.trim(), () => undefined)
  }
  assert.ok(path, 'the browser tests need chromium; install it, or name one in CHROMIUM')
  const b = await chromium.launch({
    ...options, executablePath: path,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', ...args],
  })
  cleanups.push(() => b.close())
  return b
}

export const browser = memo(() => openBrowser())

let networks = 0

/** network is a header that makes a visitor come from a network of their own. */
export const network = () => ({ 'X-Forwarded-For': `10.${networks >> 8}.${networks++ & 255}.7` })

/** locales are what browsers of people with these languages ask for. */
const locales = { fr: 'fr-FR', en: 'en-GB', es: 'es-ES', it: 'it-IT', nl: 'nl-NL', de: 'de-DE', zh: 'zh-CN', pt: 'pt-PT', pl: 'pl-PL' }

/**
 * visit opens a browser window: {page, context, check()}. check fails if the window has seen a
 * console error, a violation of the content security policy, a failing script, a request to another
 * origin or an answer of the 500s; allow is what the visitor's own doings make the browser say.
 */
export async function visit(site, { lang = 'fr', width = 1280, height = 800, scheme = 'light', scripts = true, motion = 'reduce', cookies = [], allow = /^$/ } = {}) {
  const context = await (await browser()).newContext({
    baseURL: site.url, locale: locales[lang], timezoneId: 'Europe/Paris', viewport: { width, height },
    colorScheme: scheme, reducedMotion: motion, javaScriptEnabled: scripts, extraHTTPHeaders: network(),
  })
  context.setDefaultTimeout(20_000)
  await context.addCookies(cookies)
  const seen = []
  const refused = new Set() // pages and calls that were answered with a 4xx, which browsers log too
  context.on('console', m => {
    if (m.type() === 'error' || m.type() === 'warning') seen.push([m.text(), m.location().url])
  })
  context.on('weberror', e => seen.push([`a script failed: ${e.error()}`, '']))
  context.on('request', r => {
    const u = new URL(r.url())
    if (u.protocol !== 'data:' && ![site.url, site.shop, ...site.strangers].includes(u.origin)) seen.push([`asked another site for ${r.url()}`, ''])
  })
  context.on('response', r => {
    if (r.status() >= 500) seen.push([`${r.status()} from ${r.url()}`, ''])
    if (r.status() >= 400 && r.status() < 500 && ['document', 'fetch'].includes(r.request().resourceType())) refused.add(r.url())
  })
  const page = await context.newPage()
  const check = () => {
    const bad = seen.filter(([text, url]) => !allow.test(text) && !(text.startsWith('Failed to load resource') && refused.has(url)))
    assert.deepEqual(bad.map(b => b.join(' ').trim()), [], 'the browser complains of the page')
  }
  return { page, context, check }
}

/** scene is a test with a visitor; a picture of a failure is kept. */
export function scene(name, options, play) {
  test(name, { timeout: options.timeout ?? 120_000 }, async () => {
    const site = await (options.site ?? main)()
    const visitor = await visit(site, options)
    try {
      await play(visitor.page, { ...visitor, site })
      visitor.check()
    } catch (e) {
      const file = join(out, `failed-${name.replace(/[^\p{L}\p{N}]+/gu, '-')}.png`)
      await visitor.page.screenshot({ path: file, fullPage: true }).catch(() => {})
      if (site.log) console.error(`guichet's log:\n${site.log}`)
      throw e
    } finally {
      await visitor.context.close()
    }
  })
}

/** setUp starts the shared house before the first test's own time runs, and clears the last run's pictures. */
export const setUp = () => test('guichet starts and makes its vectors', { timeout: 12 * 60_000 }, async () => {
  await rm(out, { recursive: true, force: true })
  await main()
})

/** wrapUp looks at what guichet has logged meanwhile: a test that went well may still have hurt it. */
export const wrapUp = () => test('guichet has no error to log', async () => {
  assert.deepEqual((await main()).log.split('\n').filter(line => line.includes('level=ERROR')), [], 'nothing went wrong inside')
})

/** see waits for an element that is visible; what says what a person would see. */
export async function see(locator, what) {
  await locator.first().waitFor({ state: 'visible' }).catch(async () => {
    const page = locator.page()
    const text = (await page.locator('main').innerText().catch(() => '')).replace(/\s+/g, ' ').slice(0, 400)
    assert.fail(`a person would see ${what}; at ${page.url()} they see « ${text} »`)
  })
}

/** inView waits until an element lies within the window. */
export async function inView(locator, what) {
  await see(locator, what)
  const handle = await locator.first().elementHandle()
  await locator.page().waitForFunction(e => {
    const r = e.getBoundingClientRect()
    return r.height > 0 && r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth
  }, handle).catch(() => assert.fail(`a person would see ${what} without scrolling`))
}

/** until looks again and again until look returns something true. */
export async function until(look, what) {
  for (const end = Date.now() + 30_000; Date.now() < end; await pause(100)) {
    if (await look()) return
  }
  assert.fail(`within half a minute a person would see ${what}`)
}

/** said is the text of an element with its spaces made plain. */
export const said = async locator => (await locator.first().innerText()).replace(/\s+/g, ' ').trim()

const catalog = memo(async () => {
  const all = {}
  for (const l of Object.keys(locales)) all[l] = JSON.parse(await readFile(join(root, `web/locales/${l}.json`), 'utf8'))
  return all
})

/** word is a text of the catalogs, with its placeholders filled and its spaces made plain. */
export async function word(lang, key, args = {}) {
  const text = (await catalog())[lang][key]
  assert.equal(typeof text, 'string', `the catalog ${lang} has no plain text ${key}`)
  return text.replace(/\{(\w+)\}/g, (whole, name) => args[name] ?? whole).replace(/\s+/g, ' ').trim()
}

/** ask asks over the API: the answer's JSON, for tests that need one that is there. */
export async function ask(site, lang, text) {
  const r = await fetch(site.url + '/api/v1/ask', { method: 'POST', headers: network(), body: JSON.stringify({ text, lang }) })
  assert.equal(r.status, 200, `asking « ${text} » works`)
  return r.json()
}

/** request sends the form from this machine, of which no proof of work is asked: the path of the ticket's page. */
export async function request(site, lang, email, text, answer = '') {
  const body = new FormData()
  for (const [k, v] of Object.entries({ client_id: crypto.randomUUID(), email, text, answer, category: 'refund' })) body.set(k, v)
  const r = await fetch(`${site.url}/${lang}/requests/new`, { method: 'POST', body, redirect: 'manual' })
  assert.equal(r.status, 303, `the form for ${email} makes a ticket`)
  return r.headers.get('location')
}

/** staffCookies sign the admin in with a fresh link. */
export async function staffCookies(site) {
  const r = await fetch(await site.signInLink(), { method: 'POST', redirect: 'manual' })
  assert.equal(r.status, 303, 'the sign-in link signs in')
  const [pair] = r.headers.getSetCookie()[0].split(';')
  const at = pair.indexOf('=')
  return [{ name: pair.slice(0, at), value: pair.slice(at + 1), url: site.url }]
}
