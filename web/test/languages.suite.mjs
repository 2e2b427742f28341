// Nine languages, and two that nobody speaks: texts of any length and of either direction fit the
// pages, and a page is found in each language that it has.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { sideways, squeezed, tags, violations } from './audit.mjs'
import { ask, memo, network, out, request, root, scene, see, serve, tempDir, until, visit } from './harness.mjs'
import { catalog, longer, turned } from './pseudo.mjs'

const languages = { en: 'en', es: 'es', it: 'it', fr: 'fr', nl: 'nl', de: 'de', zh: 'zh-Hans', pt: 'pt-PT', pl: 'pl' }
const read = async lang => JSON.parse(await readFile(join(root, `web/locales/${lang}.json`), 'utf8'))
const get = (site, path, headers = {}) => fetch(site.url + path, { headers: { ...network(), ...headers }, redirect: 'manual' })

/** The long language stands in the place of English, the one from right to left in that of German,
 *  which has the same plural forms. The other seven are themselves, and answers come by words alone. */
const pseudo = memo(async () => {
  const folder = await tempDir()
  const [english, german] = [await read('en'), await read('de')]
  const public_ = Object.fromEntries(Object.entries(english).filter(([key]) => key in german))
  await writeFile(join(folder, 'en.json'), JSON.stringify(catalog(english, 'ltr', longer)))
  await writeFile(join(folder, 'de.json'), JSON.stringify(catalog(public_, 'rtl', turned)))
  const site = await serve({ GUICHET_LOCALES_DIR: folder, EMBEDDINGS_URL: 'off', SMTP_URL: '' })
  await until(async () => (await (await get(site, '/readyz')).json()).passages > 0, 'the starter articles')
  await mkdir(out, { recursive: true })
  return site
})

const strange = {
  long: { lang: 'en', question: 'How long does a refund take?', word: 'refund', article: 'which-time-limit-is-which', dir: 'ltr', mark: '[' },
  turned: { lang: 'de', question: 'Wie lange dauert eine Rückerstattung?', word: 'Rückerstattung', article: 'rueckerstattung-beantragen', dir: 'rtl', mark: 'ה' },
}

const pages = {
  home: async () => '',
  answer: async (site, s) => `/answers/${(await ask(site, s.lang, s.question)).id}`,
  article: async (site, s) => `/articles/${s.article}`,
  collection: async () => '/collections/refunds',
  search: async (site, s) => `/search?q=${encodeURIComponent(s.word)}`,
  'search-none': async () => '/search?q=zxqvkjw',
  request: async (site, s) => `/requests/new?answer=${(await ask(site, s.lang, s.question)).id}`,
  ticket: async (site, s) => (await request(site, s.lang, `fremd.${s.lang}@example.org`, s.question)).replace(/^\/\w\w/, ''),
  'not-found': async () => '/nothing',
  chat: async () => '/chat',
}

/** listOff opens the list of languages and says whether a part of it is out of reach. */
async function listOff(page, width) {
  await page.locator('#languages summary').click()
  const { x, width: wide } = await boxOf(page, '#languages ul')
  await page.locator('#languages summary').click()
  return x < 0 || x + wide > width ? [`${width}: the list of languages reaches from ${x} to ${x + wide}`] : []
}

/** boxOf is an element's box, which must be there. */
const boxOf = async (page, selector) => (await page.locator(selector).first().boundingBox()) ?? assert.fail(`the page shows ${selector}`)

describe('languages that nobody speaks', { concurrency: 2 }, () => {
  for (const [kind, s] of Object.entries(strange)) for (const [name, path] of Object.entries(pages)) {
    test(`${name}, ${kind}`, { timeout: 120_000 }, async () => {
      const site = await pseudo()
      const address = `/${s.lang}${await path(site, s)}`
      const { page, context, check } = await visit(site, { lang: s.lang })
      const faults = []
      try {
        await page.goto(address)
        await see(page.locator('body').getByText(s.mark), 'the language that nobody speaks')
        assert.equal(await page.locator('html').getAttribute('dir'), s.dir, 'the page says which way it is read')
        for (const width of [1280, 320]) {
          await page.setViewportSize({ width, height: 800 })
          const wide = await sideways(page)
          if (wide) faults.push(`${width}: ${wide}`)
          for (const f of await squeezed(page)) faults.push(`${width}: ${f}`)
          if (name === 'home') faults.push(...await listOff(page, width))
          for (const v of await violations(page, tags)) faults.push(`${width}: ${v}`)
          await page.screenshot({ path: join(out, `language-${kind}-${name}-${width}.png`), fullPage: true })
        }
        assert.deepEqual(faults, [], `${name} holds the language`)
        check()
      } finally {
        await context.close()
      }
    })
  }
})

for (const width of [1280, 320]) {
  scene(`from right to left at ${width} px, the page is turned round`, { lang: 'de', site: pseudo, width }, async page => {
    await page.goto(`/de/articles/${strange.turned.article}`)
    const [brand, menu, ticket] = [await boxOf(page, '.brand'), await boxOf(page, '#languages'), await boxOf(page, '#new-ticket')]
    assert.ok(brand.x > menu.x && menu.x > ticket.x, 'the name stands at the right, then the languages, then the new ticket at the left')
    assert.ok(brand.x + brand.width > width - 24 - (width - 1080) / 2 * (width > 1080), 'the name begins where reading begins')
    const crumbs = page.locator('.crumbs li')
    const [first, second] = [await crumbs.nth(0).boundingBox(), await crumbs.nth(1).boundingBox()]
    assert.ok(first.x > second.x, 'the way here is read from right to left')
    const arrow = await page.locator('.crumbs .icon').first().evaluate(e => getComputedStyle(e).transform)
    assert.match(arrow, /^matrix\(-1/, 'its arrows point to the left')
    assert.deepEqual(await listOff(page, width), [], 'the list of languages lies on the screen')
  })
}

describe('a page in each language', () => {
  test('the browser’s wish chooses the home page', async () => {
    const site = await pseudo()
    const wishes = Object.fromEntries(Object.keys(languages).map(l => [l, l]))
    Object.assign(wishes, { 'pt-BR': 'pt', 'zh-TW': 'zh', 'zh-Hant-HK': 'zh', 'fr;q=0.5,de;q=0.9': 'de', 'de-AT, en;q=0.5': 'de', 'ja, pl;q=0.3': 'pl', 'ja': 'en', '*': 'en', '': 'en' })
    for (const [wish, lang] of Object.entries(wishes)) {
      const r = await get(site, '/', { 'Accept-Language': wish })
      assert.equal(r.headers.get('location'), `/${lang}`, `« ${wish} » leads to ${lang} (${r.status})`)
      assert.match(r.headers.get('vary') ?? '', /accept-language/i, 'caches keep the wishes apart')
    }
  })

  test('an article’s languages name each other', async () => {
    const site = await pseudo()
    const found = new Map()
    const html = async path => (await get(site, path)).text()
    const alternates = text => Object.fromEntries([...text.matchAll(/<link rel="alternate" hreflang="([^"]+)" href="([^"]+)"/g)].map(m => [m[1], m[2]]))
    const first = alternates(await html('/en/articles/ask-for-a-refund'))
    assert.deepEqual(Object.keys(first).sort(), [...Object.values(languages), 'x-default'].sort(), 'nine languages and a default')
    assert.equal(first['x-default'], first.en, 'the default is the default language’s')
    for (const [tag, address] of Object.entries(first)) {
      const text = await html(new URL(address).pathname)
      assert.deepEqual(alternates(text), first, `the article in ${tag} names the same languages`)
      if (tag === 'x-default') continue
      assert.match(text, new RegExp(`<html lang="${tag}" `), `it says that it is in ${tag}`)
      found.set(tag, new URL(address).pathname)
    }
    // The switcher in the header goes from each to each.
    for (const [tag, path] of found) {
      const text = await html(path)
      for (const [other, address] of found) {
        if (other !== tag) assert.ok(new RegExp(`<li><a href="${address}" hreflang="${other}"`).test(text), `from ${path} one switches to ${address}`)
      }
    }
  })

  test('every home page says its language', async () => {
    const site = await pseudo()
    for (const [lang, tag] of Object.entries(languages)) {
      assert.match(await (await get(site, `/${lang}`)).text(), new RegExp(`<html lang="${tag}" `), `/${lang} says that it is in ${tag}`)
    }
  })

  test('the catalogs have the plural forms that browsers know', async () => {
    for (const [lang, tag] of Object.entries(languages)) {
      const forms = Object.values(await read(lang)).filter(t => typeof t === 'object')
      const want = new Intl.PluralRules(tag).resolvedOptions().pluralCategories.toSorted()
      for (const f of forms) assert.deepEqual(Object.keys(f).toSorted(), want, `${lang}: ${JSON.stringify(f)}`)
    }
  })
})

scene('the language is switched on an article', { lang: 'fr', site: pseudo }, async page => {
  await page.goto('/fr/articles/demander-un-remboursement')
  await page.locator('#languages summary').click()
  await page.locator('#languages a[hreflang="pl"]').click()
  await page.waitForURL('**/pl/articles/wniosek-o-zwrot-pieniedzy')
  await see(page.locator('h1', { hasText: 'Wniosek o zwrot pieniędzy' }), 'the same article in Polish')
})
