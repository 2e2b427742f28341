// The same path in a browser without JavaScript: everything is a link or a form.
import assert from 'node:assert/strict'
import { inView, said, scene, see, staffCookies, visit, word } from './harness.mjs'

const lang = 'fr'
const question = 'Combien de temps prend un remboursement ?'
const fact = '7 à 14 jours'

scene('the path without JavaScript', { lang, scripts: false, timeout: 180_000 }, async (page, { site }) => {
  const email = 'sans.script@example.org'
  await page.goto(`/${lang}`)
  await page.locator('#ask-q').fill(question)
  await page.locator('#ask-q').press('Enter')
  await see(page.locator('#answer[data-outcome="answered"]'), 'a cited answer')
  assert.match(page.url(), /\/fr\/answers\/[0-9a-f-]{36}$/, 'the answer has an address of its own')
  assert.ok((await said(page.locator('#answer-text'))).includes(fact), `the answer says « ${fact} »`)
  assert.equal(await page.locator('[data-copy]:visible').count(), 0, 'no button shows that needs a script')

  const card = page.locator(await page.locator('#answer-text sup a').first().getAttribute('href'))
  await page.locator('#answer-text sup a').first().click()
  await inView(card, 'the card of the source')
  await page.locator('.source', { hasText: fact }).locator('a').first().click()
  await inView(page.locator('article mark'), 'the quoted sentence marked in the article')
  const marked = (await page.locator('article mark').allInnerTexts()).join(' ').replace(/\s+/g, ' ')
  assert.ok(marked.includes(fact), `the marked sentence says « ${fact} »: « ${marked} »`)
  await page.goBack()
  await page.goBack()

  // A form that comes back keeps everything.
  await page.locator('#talk').click()
  await see(page.locator('.carried', { hasText: question }), 'the question carried along')
  const text = `${question}\nSans script, mais avec une commande.`
  await page.locator('#text').fill(text)
  await page.locator('#email').fill('sans.script')
  assert.equal(await page.locator('#category').inputValue(), 'refund', 'the likely category is chosen')
  await page.locator('#category').selectOption('')
  await page.locator('#send').click()
  await see(page.locator('#error-summary'), 'what is wrong, at the head of the form')
  await see(page.locator('#email-error', { hasText: await word(lang, 'problem.email') }), 'what is wrong, at the address')
  await see(page.locator('#category-error', { hasText: await word(lang, 'problem.category') }), 'what is wrong, at the category')
  assert.equal(await page.locator('#text').inputValue(), text, 'the message is still there')
  assert.equal(await page.locator('#email').inputValue(), 'sans.script', 'the address is still there to be mended')
  await page.locator('#email').fill(email)
  await page.locator('#category').selectOption('refund')
  await page.locator('#send').dblclick()
  await see(page.locator('#held', { hasText: email }), 'that a mail is on its way to their address')
  const ref = await said(page.locator('#ref'))

  const mail = await site.inbox.nth(email, 1)
  await page.goto(mail.links[0])
  await page.locator('#prove').click()
  await see(page.locator('#notice'), 'that the address is confirmed')
  await see(page.locator('.promise'), 'by when the answer comes')
  await page.locator('#text').fill('La commande porte le numéro 10482.')
  await page.locator('#reply').click()
  await see(page.locator('.thread .entry.member', { hasText: '10482' }), 'their message in the thread')

  const desk = await visit(site, { lang, scripts: false, cookies: await staffCookies(site) })
  await desk.page.goto('/desk?view=all')
  const row = desk.page.locator('tr', { hasText: email })
  assert.equal(await row.count(), 1, 'two presses made one ticket')
  await row.locator('a').click()
  await desk.page.locator('#text').fill('Le remboursement est parti.')
  await desk.page.locator('#then').selectOption('solved')
  await desk.page.locator('#reply').click()
  await see(desk.page.locator('.ticket-head .status.solved'), 'that the ticket is solved')
  desk.check()
  await desk.context.close()

  const second = await site.inbox.nth(email, 2)
  await page.goto(second.links[0])
  await see(page.locator('.thread .entry.agent', { hasText: 'Le remboursement est parti.' }), 'the reply on the page')
  assert.equal(await said(page.locator('#ref')), ref, 'the same request')
  await see(page.locator('.ticket-head .status.solved'), 'that it is solved')
})

scene('article feedback without JavaScript', { lang, scripts: false }, async (page, { site }) => {
  await page.goto('/fr/articles/quel-delai-pour-quoi')
  await page.locator('#feedback-no').click()
  await inView(page.locator('#feedback-comment'), 'the box for a comment')
  await page.locator('#feedback-comment').fill('Le tableau ne dit rien des abonnements.')
  await page.locator('#feedback-send').click()
  await inView(page.locator('.thanks'), 'thanks for the comment')

  const desk = await visit(site, { lang, scripts: false, cookies: await staffCookies(site) })
  await desk.page.goto('/desk/feedback?of=articles')
  await see(desk.page.locator('.vote', { hasText: 'Le tableau ne dit rien des abonnements.' }), 'the comment in the list')
  desk.check()
  await desk.context.close()
})

scene('search and another language without JavaScript', { lang, scripts: false }, async page => {
  await page.goto('/fr')
  await page.locator('#ask-q').fill('recu abime')
  await page.locator('.ask button[formaction]').click()
  await see(page.locator('.hit'), 'articles about it')
  await page.locator('#languages summary').click()
  await page.locator('#languages a[hreflang="pl"]').click()
  await page.waitForURL(/\/pl\/search\?q=/)
  assert.equal(await page.locator('#search-q').inputValue(), 'recu abime', 'the words are kept in the other language')
})
