// « Parler au support client » as a member of the sample shop: the ways that are open for this request, this
// language and this moment; what the category asks for; and the open request that another one leads to.
// It is Saturday, 23:00 in Paris: the team is there again on Monday.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { tags, violations } from './audit.mjs'
import { at, freePort, memo, out, said, scene, see, serve, staffCookies, until, visit, word } from './harness.mjs'

const part = name => `[data-part="${name}"]`
const inside = page => page.frames().find(f => f.url().includes('/panel'))
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

const webm = Buffer.concat([Buffer.from('1a45dfa3010000000000001f4286810142f7810142f2810442f381084282847765626d', 'hex'), Buffer.alloc(64)])

/** The next Saturday, 23:00 in Paris, at least a day away: no day of this test is a holiday of any calendar. */
const night = (() => {
  const t = new Date(Date.now() + 24 * 3600_000)
  while (t.getUTCDay() !== 6) t.setTime(t.getTime() + 24 * 3600_000)
  t.setUTCHours(12, 0, 0, 0)
  const noon = Number(new Intl.DateTimeFormat('en', { hour: 'numeric', hour12: false, timeZone: 'Europe/Paris' }).format(t))
  return new Date(t.getTime() + (23 - noon) * 3600_000)
})()
const monday = new Date(night.getTime() + 36 * 3600_000)
const day = (lang, of = monday) => new Intl.DateTimeFormat(lang, { weekday: 'long', timeZone: 'Europe/Paris' }).format(of)

const own = memo(async () => {
  const shop = `127.0.0.1:${await freePort()}`
  const site = await serve({ GUICHET_STARTER: 'none', EMBEDDINGS_URL: 'off', SMTP_URL: '', GUICHET_DEMO_ADDR: shop }, null, await at(night))
  site.shop = `http://${shop}`
  await site.command('calendar', 'set', 'office', '--name', 'Bureau', '--time-zone', 'Europe/Paris', ...['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'].flatMap(d => ['--weekly', `${d} 09:00-18:00`]))
  await site.command('team', 'set', 'support', '--channel', 'email=office:all', '--channel', 'chat=office:all', '--channel', 'callback=office:all')
  for (let chat = false; !chat;) { // followed within a second or two
    const r = await fetch(`${site.url}/api/v1/contact-options?lang=fr`)
    chat = (await r.json()).options.some(o => o.channel === 'chat')
  }
  return site
})

async function become(page, { shop }, lang, who) {
  await page.goto(`${shop}/orders?lang=${lang}`)
  await page.locator(`#as-${who}`).click()
  await page.waitForLoadState('load')
  await see(page.locator('#launcher'), 'the launcher in the corner')
}

const frameOf = page => page.frameLocator('guichet-widget iframe')

/** talk asks about an order and goes on to a person. */
async function talk(page, frame, order, question) {
  await page.locator(`#help-${order}`).click()
  await see(frame.locator(part('about')), 'which order it is about')
  await frame.locator('#composer').fill(question)
  await frame.locator('#composer').press('Enter')
  await frame.locator(part('talk')).last().click()
  await see(frame.locator(part('request-form')), 'the request form')
}

const question = { fr: 'Mon colis n’est pas arrivé, où se trouve-t-il ?', pl: 'Moja paczka nie dotarła, gdzie ona jest?' }

for (const lang of ['fr', 'pl']) {
  scene(`on a Saturday at 23:00 a buyer is shown every way to a person, in ${lang}`, { site: own, lang, timeout: 180_000 }, async (page, { site }) => {
    await become(page, site, lang, 'camille')
    const frame = frameOf(page)
    await talk(page, frame, '2041', question[lang])
    const card = name => frame.locator(`${part('handoff')} ${part('channel')}[data-channel="${name}"]`)
    await see(card('email').filter({ hasText: await word(lang, 'channel.recommended') }), 'that e-mail is recommended')
    assert.equal(await card('email').getAttribute('data-state'), 'open')
    const email = await said(card('email'))
    const tuesday = day(lang, new Date(monday.getTime() + 24 * 3600_000))
    assert.ok(email.includes(tuesday) && email.includes('18:00'), `the first answer comes after two days of work, on Tuesday: ${email}`)
    assert.equal(await card('chat').getAttribute('data-state'), 'closed')
    const chat = await said(card('chat'))
    assert.ok(chat.includes('09:00') && chat.includes(day(lang)) && chat.includes(await word(lang, 'contact.reason.hours')), `the chat says when it opens: ${chat}`)
    const call = await said(card('callback'))
    if (lang === 'pl') assert.ok(call.includes('English') && !call.includes('Polski'), `calls are not made in Polish: ${call}`)
    else assert.ok(call.includes(await word(lang, 'contact.reason.no_slot')), `no call can be booked: ${call}`)
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the cards')
    await frame.locator(part('handoff')).screenshot({ path: join(out, `handoff-cards-${lang}.png`) })
    // The same in the zone of whoever reads it.
    const r = await fetch(`${site.url}/api/v1/contact-options?lang=${lang}&tz=Asia/Shanghai`)
    const option = (await r.json()).options.find(o => o.channel === 'chat')
    assert.match(option.opens_at, /T1[56]:00:00\+08:00$/)
    assert.equal(new Date(option.opens_at).getTime() - night.getTime(), 34 * 3600_000, 'thirty-four hours from now it is Monday, 9:00')

    // The form without the widget has the same cards.
    const form = await visit(site, { lang, scripts: false, width: 320 })
    await form.page.goto(`/${lang}/requests/new`)
    const there = await said(form.page.locator('#channels [data-channel="chat"]'))
    assert.ok(there.includes('09:00') && there.includes(day(lang)), `the page says it too: ${there}`)
    assert.ok(await form.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing scrolls sideways')
    assert.equal(await form.page.locator('.asked').first().isVisible(), false, 'what a category asks waits for the choice')
    await form.page.locator('#category').selectOption('refund')
    await see(form.page.locator('#field-refund-amount'), 'what a refund needs, without a script')
    assert.equal(await form.page.locator('#field-order-order').isVisible(), false)
    await form.page.locator('#email').fill(`formulaire.${lang}@example.org`)
    await form.page.locator('#text').fill(question[lang])
    await form.page.locator('#field-refund-amount').fill('?')
    await form.page.locator('#send').click()
    await see(form.page.locator('#error-summary a[href="#field-refund-amount"]'), 'that the amount is none')
    assert.equal(await form.page.locator('#field-refund-amount').inputValue(), '?')
    await form.context.close()
  })
}

scene('a buyer makes a request with a screenshot and a recording, and a second one is led to it', { site: own, lang: 'fr', timeout: 240_000 }, async (page, { site }) => {
  await become(page, site, 'fr', 'camille')
  const frame = frameOf(page)
  await talk(page, frame, '2041', question.fr)
  await frame.locator('#request-category').selectOption('order')
  await see(frame.locator(part('contact-first'), { hasText: 'Atelier Vasseur' }), 'the seller, to whom one writes first')
  await frame.locator(part('contact-first-done')).click()
  assert.equal(await frame.locator('#request-email').inputValue(), '', 'the address is known')
  await see(frame.locator('#request-email-hint', { hasText: await word('fr', 'request.email_known') }), 'that it is')
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), frame.locator(`${part('request-form')} ${part('attach')} > button`).click()])
  await chooser.setFiles([{ name: 'capture.png', mimeType: 'image/png', buffer: png }, { name: 'enregistrement.webm', mimeType: 'video/webm', buffer: webm }])
  await until(async () => await frame.locator('.file .meta', { hasText: await word('fr', 'file.scan.not_scanned') }).count() === 2, 'that both files are there')
  assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the form')
  await frame.locator(part('request-send')).click()
  await see(frame.locator(part('done')), 'that the request has arrived')
  const ref = await said(frame.locator(part('ref')))
  assert.equal(await frame.locator(part('done')).getByText(await word('fr', 'ticket.held_title')).count(), 0, 'nothing is to be confirmed')
  assert.equal(await frame.locator(part('missing')).count(), 0, 'the order was known')

  // The desk sees whose it is, what it is about and by when.
  const desk = await visit(site, { lang: 'fr', cookies: await staffCookies(site) })
  await desk.page.goto('/desk')
  await desk.page.locator('tr', { hasText: ref }).locator('a').click()
  await see(desk.page.locator('#dossier-order', { hasText: 'LX20419020FR' }), 'the facts of the order')
  await see(desk.page.locator('#dossier .said', { hasText: await word('fr', 'answer.from_order') }), 'that the assistant told it')
  await see(desk.page.locator('#dossier-fields', { hasText: '2041' }), 'the number of the order')
  await see(desk.page.locator('.thread', { hasText: 'capture.png' }), 'the screenshot')
  await see(desk.page.locator('.thread', { hasText: 'enregistrement.webm' }), 'the recording')
  assert.deepEqual(await violations(desk.page, tags), [], 'axe finds nothing at the dossier')
  await desk.page.screenshot({ path: join(out, 'handoff-dossier.png'), fullPage: true })

  // The same again, in a new conversation.
  await page.keyboard.press('Escape')
  await frame.locator('nav [data-tab="conversation"]').click()
  await frame.locator(part('new')).click()
  await page.keyboard.press('Escape')
  await talk(page, frame, '2041', 'Où se trouve mon colis ? Il n’est pas arrivé.')
  await frame.locator('#request-category').selectOption('order')
  const repeated = frame.locator(part('repeated'), { hasText: ref })
  await see(repeated, 'the request that is open already')
  assert.match(await said(repeated), /réponse attendue avant/)
  assert.equal(await said(frame.locator(part('request-send'))), await word('fr', 'existing.insist'), 'insisting stays possible')
  assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing there')
  await frame.locator(part('repeated')).screenshot({ path: join(out, 'handoff-repeated.png') })
  await repeated.locator(part('add-to')).click()
  await see(frame.locator(part('done')), 'that it was added')
  assert.equal(await said(frame.locator(part('ref'))), ref)
  await desk.page.reload()
  await see(desk.page.locator('.thread', { hasText: 'Il n’est pas arrivé' }), 'what was added, at the desk')

  // An agent takes it, and gives it back: the member reads both.
  await desk.page.locator('#take').click()
  await desk.page.locator('#agreed').fill('Le colis repart mardi.')
  await desk.page.locator('#hand-back').click()
  await see(desk.page.locator('#notice', { hasText: await word('fr', 'desk.notice.handed_back') }), 'that it was handed back')
  await desk.context.close()
  await page.keyboard.press('Escape')
  await frame.locator('nav [data-tab="tickets"]').click()
  await frame.locator(`${part('ticket')}[data-ref="${ref}"]`).click()
  await until(async () => (await said(frame.locator('#log'))).includes('Le colis repart mardi.'), 'what was agreed')
  assert.equal(await frame.locator('#composer').getAttribute('placeholder'), await word('fr', 'ask.placeholder'), 'the assistant answers there again')

  // It was solved with that. The member takes it up again, which gives it back to the agent, and closes it.
  const settle = frame.locator(part('settle'))
  const shown = frame.locator(`${part('ticket-bar')} .status`)
  await see(shown.filter({ hasText: await word('fr', 'status.solved') }), 'that it is solved')
  await settle.filter({ hasText: await word('fr', 'ticket.reopen') }).click()
  await see(shown.filter({ hasText: await word('fr', 'status.in_progress') }), 'that it is worked on again')
  assert.notEqual(await frame.locator('#composer').getAttribute('placeholder'), await word('fr', 'ask.placeholder'), 'what is written goes to the team again')
  assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the request')
  await settle.filter({ hasText: await word('fr', 'ticket.solved') }).press('Enter')
  await see(shown.filter({ hasText: await word('fr', 'status.solved') }), 'that it is solved again')
  await frame.locator(part('ticket-bar')).screenshot({ path: join(out, 'handoff-settled.png') })
})
