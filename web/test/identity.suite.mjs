// Who the member is, on the sample shop: the buyer asks about an order of theirs and reads its facts, the
// seller sees their sales, and whoever signs out leaves nothing behind.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { tags, violations } from './audit.mjs'
import { out, said, scene, see, until, word } from './harness.mjs'

const part = name => `[data-part="${name}"]`
const inside = page => page.frames().find(f => f.url().includes('/panel'))

/** become signs in at the shop by its switch, or out. */
async function become(page, { shop }, lang, who, path = '/orders') {
  await page.goto(`${shop}${path}?lang=${lang}`)
  await page.locator(who ? `#as-${who}` : '#sign-out').click()
  await page.waitForLoadState('load')
  await see(page.locator('#launcher'), 'the launcher in the corner')
}

async function panel(page) {
  await page.locator('#launcher').click()
  const frame = page.frameLocator('guichet-widget iframe')
  await see(frame.locator('#ask, #composer'), 'the open widget')
  return frame
}

const where = { fr: 'Où en est ma commande ?', pl: 'Gdzie jest moje zamówienie?' }
const state = { fr: 'Expédiée', pl: 'Wysłane' }
const lamp = { fr: 'Lampe d’architecte, 1962', pl: 'Lampa kreślarska, 1962' }

for (const lang of ['fr', 'pl']) {
  scene(`a buyer asks about an order from the orders page, in ${lang}`, { lang, timeout: 180_000 }, async (page, { site }) => {
    await become(page, site, lang, 'camille')
    assert.equal(await page.locator('.orders li').count(), 3)
    await page.locator('#help-2041').click()
    const frame = page.frameLocator('guichet-widget iframe')
    const chip = frame.locator(part('about'))
    await see(chip, 'which order the question is about')
    await until(async () => (await said(chip)).includes(lamp[lang]) && (await said(chip)).includes('2041'), 'the order by its name and number')
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing where an order is chosen')
    await frame.locator('#composer').fill(where[lang])
    await frame.locator('#composer').press('Enter')
    const told = frame.locator(part('told'))
    await see(told, 'what the order says')
    await until(async () => (await said(told)).includes(state[lang]), 'the status of the order')
    assert.equal(await said(told.locator('[data-fact="tracking"] dd')), 'LX20419020FR')
    assert.equal(await said(told.locator('h3')), await word(lang, 'subject.told.order'), 'the facts are the order’s, not an article’s')
    await see(frame.locator(`${part('answer')} ${part('talk')}`), 'the way to a person')
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the answer')
    await page.screenshot({ path: join(out, `identity-order-${lang}.png`) })
    // The session stays in the tab, and a reload shows the same again.
    await page.reload()
    const again = await panel(page)
    await again.locator('nav [data-tab="conversation"]').click()
    await see(again.locator(`${part('told')} [data-fact="tracking"]`), 'the order’s facts after a reload')
    const local = await inside(page).evaluate(() => localStorage.getItem('guichet'))
    assert.match(local, /"token":""/, 'a member’s conversation is kept without a token')
  })
}

scene('the picker: orders, what was looked at, a search, and none of them', { lang: 'fr', timeout: 180_000 }, async (page, { site }) => {
  await become(page, site, 'fr', 'camille', '/products/globe')
  await page.goto(`${site.shop}/products/globe?lang=fr`)
  const frame = await panel(page)
  await see(frame.locator(part('who'), { hasText: 'Camille Roux' }), 'who is signed in')
  await frame.locator(part('pick-open')).click()
  await see(frame.locator(`${part('pick')}[data-id="2041"]`), 'the orders')
  await see(frame.locator(`${part('pick')}[data-id="globe"]`), 'what was looked at')
  assert.equal(await frame.locator(`${part('pick')}[data-id="2035"]`).count(), 0, 'the order of somebody else is not there')
  assert.match(await said(frame.locator(`${part('pick')}[data-id="2041"]`)), /2041.*180,00 €.*vendu par Atelier Vasseur.*Expédiée/)
  assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the picker')
  await page.screenshot({ path: join(out, 'identity-picker.png') })
  await frame.locator('#pick-search').fill('renvoyee')
  await until(async () => await frame.locator(part('pick')).count() === 1, 'the one order that was sent back')
  // By keyboard alone: to the only card, and on.
  await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  await page.keyboard.press('Enter')
  await see(frame.locator(part('about'), { hasText: '1988' }), 'the chosen order at the question box')
  await frame.locator('#composer').fill('Combien ai-je payé ?')
  await frame.locator('#composer').press('Enter')
  await until(async () => (await said(frame.locator(part('told')))).includes('65,00 €'), 'the amount of the order')
  await frame.locator(part('about-remove')).click()
  assert.equal(await frame.locator(part('about')).count(), 0, 'what a question is about can be taken away')
  await frame.locator('nav [data-tab="home"]').click()
  await frame.locator(part('pick-open')).click()
  await frame.locator(part('pick-other')).click()
  await frame.locator(part('pick-done')).click()
  await see(frame.locator('#composer'), 'the box to write in, for anything else')
})

scene('a seller sees their sales', { lang: 'de', timeout: 180_000 }, async (page, { site }) => {
  await become(page, site, 'de', 'vasseur')
  const frame = await panel(page)
  await frame.locator(part('pick-open')).click()
  for (const [id, want] of [['2041', 'gekauft von Camille Roux'], ['2035', 'gekauft von Jonas Keller'], ['1990', 'verkauft von Maison Orsini']]) {
    await see(frame.locator(`${part('pick')}[data-id="${id}"]`, { hasText: want }), `the order ${id}, ${want}`)
  }
  await frame.locator(`${part('pick')}[data-id="2035"]`).click()
  await frame.locator(part('pick-done')).click()
  await frame.locator('#composer').fill('Wie ist der Status der Bestellung?')
  await frame.locator('#composer').press('Enter')
  await until(async () => (await said(frame.locator(part('told')))).includes('Geliefert'), 'the status of what they sold')
})

scene('a visitor’s question becomes the member’s who signs in, and signing out wipes', { lang: 'fr', timeout: 180_000 }, async (page, { site }) => {
  await page.goto(`${site.shop}/?lang=fr`)
  let frame = await panel(page)
  assert.equal(await frame.locator(part('pick-open')).count(), 0, 'a visitor has no orders')
  await frame.locator('#ask').fill('Combien de temps prend un remboursement ?')
  await frame.locator('#ask').press('Enter')
  await see(frame.locator(`${part('answer')}[data-outcome="answered"]`), 'an answer')
  const kept = () => inside(page).evaluate(() => [JSON.parse(localStorage.getItem('guichet') ?? '{}'), sessionStorage.getItem('guichet-member')])
  assert.equal((await kept())[0].conversations[0].member, undefined)
  await become(page, site, 'fr', 'camille')
  frame = await panel(page)
  await see(frame.locator(part('who'), { hasText: 'Camille' }), 'who is signed in')
  await until(async () => (await kept())[0].conversations[0].member, 'the conversation as the member’s')
  const [{ conversations: [merged] }, session] = await kept()
  assert.equal(merged.token, '')
  // Somebody else at the same browser, without signing out between.
  await become(page, site, 'fr', 'vasseur')
  frame = await panel(page)
  await see(frame.locator(part('who'), { hasText: 'Atelier Vasseur' }), 'who is signed in now')
  assert.deepEqual((await kept())[0].conversations, [], 'nothing is left of the one before')
  await become(page, site, 'fr', '')
  frame = await panel(page)
  await until(async () => !(await kept())[1], 'no session after signing out')
  assert.equal(await frame.locator(part('pick-open')).count(), 0)
  assert.equal(await frame.locator(part('recent')).count(), 0, 'no conversation of before')
  const refused = await fetch(`${site.url}/api/v1/me`, { headers: { Authorization: `Bearer ${JSON.parse(session).session}` } })
  await until(async () => (await fetch(`${site.url}/api/v1/me`, { headers: { Authorization: `Bearer ${JSON.parse(session).session}` } })).status === 401, `the first session ended (it was ${refused.status})`)
})

scene('a session that has ended is renewed by the page’s own token', { lang: 'fr', timeout: 180_000 }, async (page, { site }) => {
  await become(page, site, 'fr', 'camille')
  const frame = await panel(page)
  await see(frame.locator(part('who')), 'who is signed in')
  const before = await inside(page).evaluate(() => sessionStorage.getItem('guichet-member'))
  await fetch(`${site.url}/api/v1/identity`, { method: 'DELETE', headers: { Authorization: `Bearer ${JSON.parse(before).session}` } })
  await frame.locator(part('pick-open')).click()
  await see(frame.locator(`${part('pick')}[data-id="2041"]`), 'the orders, by another session')
  assert.notEqual(await inside(page).evaluate(() => sessionStorage.getItem('guichet-member')), before)
})
