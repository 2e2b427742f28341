// What the pages of the help center offer beside the path: languages, articles, feedback, search.
import assert from 'node:assert/strict'
import { ask, inView, network, said, scene, see, word } from './harness.mjs'

scene('the browser’s language chooses the first page', { lang: 'pl' }, async page => {
  await page.goto('/')
  await page.waitForURL('**/pl')
  assert.equal(await page.locator('html').getAttribute('lang'), 'pl', 'the page is in Polish')
  await see(page.locator('h1', { hasText: await word('pl', 'home.title') }), 'a Polish greeting')
  assert.equal(await page.locator('#languages a').count(), 9, 'nine languages to choose from')
  await see(page.locator('.shelf'), 'the collections')
})

scene('an article', { lang: 'fr' }, async page => {
  await page.goto('/fr')
  await page.locator('.shelf[href="/fr/collections/refunds"]').click()
  await page.locator('main .cards a[href="/fr/articles/quel-delai-pour-quoi"]').click()
  await see(page.locator('h1', { hasText: 'Quel délai pour quoi' }), 'the article’s title')
  await inView(page.locator('#new-ticket'), '« Nouveau ticket de support » at the top')
  const box = await page.locator('#new-ticket').boundingBox()
  assert.ok(box.x + box.width > 1280 * 0.75 && box.y < 100, '« Nouveau ticket de support » stands at the top right')
  await see(page.locator('.crumbs a[href="/fr/collections/refunds"]'), 'the way back to the collection')

  const entry = page.locator('.toc-side a').nth(1)
  await entry.click()
  const section = page.locator(await entry.getAttribute('href'))
  await inView(section, 'the section that the contents name')
  const back = page.locator('.to-top a').last()
  await back.scrollIntoViewIfNeeded()
  await back.click()
  await inView(page.locator('h1'), 'the article’s beginning again')

  await page.locator('.translations a[hreflang="en"]').click()
  await page.waitForURL('**/en/articles/*')
  assert.equal(await page.locator('html').getAttribute('lang'), 'en', 'the same article in English')
})

scene('article feedback', { lang: 'fr' }, async page => {
  await page.goto('/fr/articles/quel-delai-pour-quoi')
  await page.locator('#feedback-yes').click()
  await see(page.locator('.thanks'), 'thanks')
  assert.ok(!page.url().includes('?'), 'the page has stayed where it was')
  await page.locator('#feedback-change').click()
  await page.locator('#feedback-no').click()
  await see(page.locator('#feedback-comment'), 'the box for a comment')
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'feedback-comment', 'the box waits for words')
  await page.locator('#feedback-comment').fill('x'.repeat(2001))
  await page.locator('#feedback-send').click()
  await see(page.locator('#feedback-error'), 'that the comment is too long')
  assert.equal((await page.locator('#feedback-comment').inputValue()).length, 2001, 'the comment is still there')
  await page.locator('#feedback-comment').fill('Très clair, merci.')
  await page.locator('#feedback-send').click()
  await see(page.locator('.thanks'), 'thanks for the comment')
})

scene('search', { lang: 'fr' }, async page => {
  await page.goto('/fr')
  await page.locator('#ask-q').fill('remboursement')
  await page.locator('.ask button[formaction]').click()
  await page.waitForURL('**/fr/search?q=remboursement')
  await see(page.locator('.hit a', { hasText: /remboursement/i }), 'articles about refunds')
  await page.locator('.ask button[formaction]').click()
  await see(page.locator('#answer, #ask-error:visible'), 'the assistant’s answer to the same words')
})

scene('an article says so when it has changed since it was cited', { lang: 'fr' }, async (page, { site }) => {
  const a = await ask(site, 'fr', 'Combien de temps prend un remboursement ?')
  const url = a.citations[0].url.replace(/(\?cite=[^.]+\.)[^#]*/, '$1' + '0'.repeat(32))
  await page.goto(url)
  await see(page.locator('article .notice', { hasText: await word('fr', 'article.changed_since') }), '« modifié depuis »')
  assert.equal(await page.locator('article mark').count(), 0, 'no other sentence is marked')
})

scene('an answer is copied', { lang: 'fr' }, async (page, { context, site }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: site.url })
  const a = await ask(site, 'fr', 'Combien de temps prend un remboursement ?')
  await page.goto(`/fr/answers/${a.id}`)
  await page.locator('#copy-answer').click()
  await see(page.locator('#copy-answer', { hasText: await word('fr', 'action.copied') }), 'that it is copied')
  const copied = (await page.evaluate(() => navigator.clipboard.readText())).replace(/\s+/g, ' ').trim()
  const shown = await page.locator('#answer-text > span').allInnerTexts()
  assert.equal(copied, shown.join(' ').replace(/\s+/g, ' '), 'the sentences as they stand there, without the numbers')
})

scene('an answer that cannot be had', { lang: 'fr', allow: /ERR_INTERNET_DISCONNECTED/ }, async (page, { context }) => {
  await page.goto('/fr')
  await context.setOffline(true)
  await page.locator('#ask-q').fill('Où est mon colis ?')
  await page.locator('#ask-q').press('Enter')
  await see(page.locator('#ask-error'), 'that the answer could not be fetched')
  assert.equal(await page.locator('#ask-q').inputValue(), 'Où est mon colis ?', 'the question is still there')
  await context.setOffline(false)
  await page.locator('#ask-q').press('Enter')
  await see(page.locator('#answer[data-outcome]'), 'an answer, once the network is back')
})

scene('addresses for machines', { lang: 'fr' }, async (page, { site }) => {
  const robots = await fetch(site.url + '/robots.txt', { headers: network() })
  assert.equal(robots.status, 200, 'robots find their rules')
  assert.match(await robots.text(), /User-agent: \*/i)
  await page.goto('/fr/articles/quel-delai-pour-quoi')
  const icon = await page.request.get(await page.locator('link[rel=icon]').getAttribute('href'))
  assert.match(icon.headers()['content-type'], /^image\/svg/, 'the page has an icon')
  assert.equal((await page.request.get('/favicon.ico')).status(), 200, 'old programs find an icon too')
  assert.equal(await page.locator('link[rel=canonical]').getAttribute('href'), page.url(), 'the article names its address')
  assert.ok(await page.locator('link[rel=alternate][hreflang="en"]').count(), 'and its other languages')
  await see(page.locator('footer a', { hasText: await word('fr', 'nav.legal') }), 'the legal link')
  assert.equal(await said(page.locator('footer a[href="/fr/articles/quel-delai-pour-quoi"]')), await word('fr', 'nav.legal'), 'where the setting says')
})
