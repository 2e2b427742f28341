// Every page, as people see it: axe finds nothing, nothing scrolls sideways at 320 px, the browser
// has no complaint; each is kept as a picture in out/, in both widths, light and dark.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { sideways, tags, violations } from './audit.mjs'
import { ask, bare, main, out, request, see, staffCookies, until, visit } from './harness.mjs'

const questions = {
  fr: { known: 'Combien de temps prend un remboursement ?', beyond: 'Quelle est la capitale du Pérou ?', word: 'remboursement', article: 'quel-delai-pour-quoi' },
  pl: { known: 'Jak długo czeka się na zwrot pieniędzy?', beyond: 'Jaka jest stolica Peru?', word: 'zwrot', article: 'wniosek-o-zwrot-pieniedzy' },
  zh: { known: '退款需要多长时间？', beyond: '秘鲁的首都是哪里？', word: '退款', article: '' },
}

const memo = make => {
  const made = new Map()
  return key => made.get(key) ?? made.set(key, make(key)).get(key)
}
const answer = memo(async lang => ask(await main(), lang, questions[lang].known))
const held = memo(async lang => request(await main(), lang, `attente.${lang}@example.org`, `${questions[lang].known}\n\nDziękuję, merci, 谢谢.`, (await answer(lang)).id))
const proven = memo(async lang => {
  const site = await main()
  const email = `preuve.${lang}@example.org`
  await request(site, lang, email, `${questions[lang].known}\nhttps://example.org/une-adresse-tres-longue/qui-ne-se-coupe-pas/${'a'.repeat(90)}`, (await answer(lang)).id)
  const [link] = (await site.inbox.nth(email, 1)).links
  const { page, context } = await visit(site, { lang })
  await page.goto(link)
  await page.locator('#prove').click()
  await see(page.locator('.promise'), 'by when the answer comes')
  const path = new URL(page.url()).pathname
  await context.close()
  return path
})
const staff = memo(async site => staffCookies(await site()))

const go = path => async (page, lang) => page.goto(typeof path === 'string' ? `/${lang}${path}` : await path(lang))

/** Each page by its name: how it is reached, and what else it needs. */
const pages = {
  home: { open: go('') },
  collection: { open: go('/collections/refunds') },
  search: { open: go(lang => `/${lang}/search?q=${encodeURIComponent(questions[lang].word)}`) },
  'search-none': { open: go('/search?q=zxqvkjw'), staff: bare, shows: '.empty' },
  'search-error': { open: go('/search?q='), shows: '#search-error' },
  article: { open: go(lang => `/${lang}/articles/${questions[lang].article}`), zh: false },
  'article-cited': { open: go(async lang => (await answer(lang)).citations[0].url), shows: 'article mark' },
  'article-feedback': { open: async (page, lang) => {
    await page.goto((await answer(lang)).citations[0].article.url)
    await page.locator('#feedback-no').click()
  }, shows: '#feedback-comment' },
  answer: { open: go(async lang => `/${lang}/answers/${(await answer(lang)).id}`), shows: '.source' },
  'answer-unknown': { open: go(async lang => `/${lang}/answers/${(await ask(await main(), lang, questions[lang].beyond)).id}`), shows: '.channel' },
  'ask-error': { open: go('/ask?q='), shows: '#ask-error' },
  request: { open: go(async lang => `/${lang}/requests/new?answer=${(await answer(lang)).id}`), shows: '.carried' },
  'request-errors': { open: async (page, lang) => {
    await page.goto(`/${lang}/requests/new`)
    await page.locator('#send').click()
  }, shows: '#error-summary' },
  'ticket-held': { open: go(held), shows: '#held' },
  ticket: { open: go(proven), shows: '.promise' },
  'not-found': { open: go('/rien') },
  'sign-in': { open: async page => page.goto(await (await main()).signInLink()), shows: '#sign-in' },
  'sign-in-needed': { open: page => page.goto('/desk'), shows: '.command' },
  'desk-list': { open: async (page, lang) => {
    await Promise.all([held(lang), proven(lang)])
    await page.goto('/desk?view=all')
  }, staff: main, shows: 'table' },
  'desk-empty': { open: page => page.goto('/desk?view=mine'), staff: bare, shows: '.empty' },
  'desk-ticket': { open: async (page, lang) => {
    await proven(lang)
    await page.goto('/desk?view=all')
    await page.locator('tr', { hasText: `preuve.${lang}@` }).locator('a').click()
  }, staff: main, shows: '.composer.reply' },
  'desk-held': { open: async (page, lang) => {
    await held(lang)
    await page.goto('/desk?view=held')
    await page.locator('tr', { hasText: `attente.${lang}@` }).locator('a').click()
  }, staff: main, shows: '#release' },
  'desk-feedback': { open: async (page, lang) => {
    await page.goto((await answer(lang)).citations[0].article.url + '?feedback=no')
    await page.locator('#feedback-comment').fill('Il manque un exemple pour un paiement en trois fois.')
    await page.locator('#feedback-send').click()
    await see(page.locator('.thanks'), 'thanks')
    await page.goto('/desk/feedback?of=articles')
  }, staff: main, shows: '.vote' },
  'desk-mailbox': { open: async (page, lang) => {
    await request(await bare(), lang, `local.${lang}@example.org`, questions[lang].known)
    await until(async () => { // a job sends the mail
      await page.goto('/desk/mailbox')
      return await page.locator('.mail', { hasText: `local.${lang}@` }).count() > 0
    }, 'the mail in the local mailbox')
  }, staff: bare, shows: '.mail' },
  'desk-mailbox-smtp': { open: page => page.goto('/desk/mailbox'), staff: main, shows: '.empty' },
  'home-bare': { open: go(''), staff: bare, shows: '.empty' },
}

describe('every page', { concurrency: 2 }, () => {
  for (const [name, wanted] of Object.entries(pages)) {
    test(name, { timeout: 120_000 }, async () => {
      const site = await (wanted.staff ?? main)()
      const faults = []
      for (const lang of ['fr', 'pl', 'zh']) {
        if (lang === 'zh' && (wanted.staff || wanted.zh === false)) continue
        const { page, context, check } = await visit(site, { lang, cookies: wanted.staff ? await staff(wanted.staff) : [] })
        try {
          await wanted.open(page, lang)
          if (wanted.shows) await see(page.locator(wanted.shows), `what the page ${name} is about`)
          for (const scheme of ['light', 'dark']) {
            if (lang === 'zh' && scheme === 'dark') continue // the colours are those of every language
            for (const width of [1280, 360]) {
              await page.setViewportSize({ width, height: 800 })
              await page.emulateMedia({ colorScheme: scheme })
              for (const v of await violations(page, scheme === 'dark' ? ['color-contrast'] : tags)) faults.push(`${lang} ${width} ${scheme}: ${v}`)
              await page.screenshot({ path: join(out, `${name}-${lang}-${width}-${scheme}.png`), fullPage: true })
            }
          }
          await page.setViewportSize({ width: 320, height: 640 })
          const wide = await sideways(page)
          if (wide) faults.push(`${lang}: at 320 px the page scrolls sideways: ${wide}`)
          check()
        } finally {
          await context.close()
        }
      }
      assert.deepEqual(faults, [], `the page ${name} can be used by everybody`)
    })
  }
})
