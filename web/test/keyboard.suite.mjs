// The keyboard alone, from the top of the home page to a sent request, with the focus in view.
import assert from 'node:assert/strict'
import { inView, request, scene, see, word } from './harness.mjs'

/** ring fails unless a person sees where the focus is: a ring of 2 px on the element, or on the box
 *  that is drawn around a bare field. */
async function ring(page) {
  const found = await page.evaluate(() => {
    const e = document.activeElement
    if (!e || e === document.body) return { name: 'nothing', ok: true } // the browser's own bar
    const rings = [e, e.closest('.ask-box')].filter(Boolean).map(x => getComputedStyle(x))
    const ok = rings.some(s => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) || /\b(?:[2-9]|\d{2,})px/.test(s.boxShadow.split(') ')[1] ?? ''))
    const r = e.getBoundingClientRect()
    const inside = r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth
    return { name: `${e.tagName.toLowerCase()}#${e.id} « ${(e.textContent || e.getAttribute('aria-label') || '').trim().slice(0, 40)} »`, ok, inside }
  })
  assert.ok(found.ok, `the focus on ${found.name} shows as a ring of 2 px at least`)
  assert.notEqual(found.inside, false, `the focus on ${found.name} is in view`)
}

/** tabTo presses Tab until the element has the focus, and looks at the focus at each stop. */
async function tabTo(page, selector, what) {
  for (let i = 0; i < 60; i++) {
    if (await page.evaluate(s => document.activeElement?.matches(s) ?? false, selector)) return
    await page.keyboard.press('Tab')
    await ring(page)
  }
  assert.fail(`Tab reaches ${what}`)
}

scene('the path by keyboard alone', { lang: 'fr', timeout: 180_000 }, async (page, { site }) => {
  const keys = page.keyboard
  await page.goto('/fr')
  await keys.press('Tab')
  await inView(page.locator('.skip:focus'), 'the link that skips to the content')
  await ring(page)

  // The language menu opens, closes on Escape, and gives the focus back.
  await tabTo(page, '#languages summary', 'the language menu')
  await keys.press('Enter')
  await see(page.locator('#languages a[hreflang="pl"]'), 'the languages')
  await keys.press('Tab')
  await ring(page)
  await keys.press('Escape')
  await page.locator('#languages a[hreflang="pl"]').waitFor({ state: 'hidden' }).catch(() => assert.fail('Escape closes the language menu'))
  assert.ok(await page.evaluate(() => document.activeElement?.matches('#languages summary')), 'the focus is back on the menu’s button')

  await page.goto('/fr')
  await keys.press('Tab')
  await keys.press('Enter')
  await keys.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'ask-q', 'after the skip link comes the question box')
  await ring(page)
  await keys.type('Combien de temps prend un remboursement ?')
  await keys.press('Enter')
  await see(page.locator('#answer[data-outcome="answered"]'), 'the answer')
  await page.waitForURL(/\/fr\/answers\//)
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'ask-q', 'the answer takes the focus from nobody')
  assert.ok((await page.locator('#live').textContent()).includes('7 à 14 jours'), 'screen readers are told the answer, once')

  // Number, card, article, and back.
  await tabTo(page, '#answer-text sup a', 'the number of a citation')
  const n = await page.evaluate(() => document.activeElement.textContent)
  await keys.press('Enter')
  await inView(page.locator(`#source-${n}`), 'the card of the source')
  await tabTo(page, `#source-${n} a`, 'the source’s link')
  await keys.press('Enter')
  await inView(page.locator('article mark'), 'the marked sentence')
  await page.goBack() // Alt+← belongs to the browser's window, which there is none of here
  await page.waitForURL(/\/fr\/answers\//)
  await see(page.locator('#answer[data-outcome="answered"]'), 'the answer again')

  // The form: a mistake first.
  await tabTo(page, '#talk', '« Parler au support client »')
  await keys.press('Enter')
  await page.waitForURL(/\/fr\/requests\/new/)
  await tabTo(page, '#email', 'the address')
  await keys.type('clavier')
  await tabTo(page, '#send', 'the button that sends')
  await keys.press('Enter')
  await see(page.locator('#error-summary'), 'what is wrong')
  await page.waitForFunction(() => document.activeElement?.closest('#error-summary')).catch(() => assert.fail('the focus is in the summary of mistakes'))
  await tabTo(page, '#error-summary a[href="#email"]', 'the link to the first mistake')
  await keys.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'email', 'the link leads to the field')
  await ring(page)
  await keys.press('Control+a')
  await keys.type('clavier@example.org')
  await tabTo(page, '#category', 'the category')
  await keys.press('ArrowDown')
  await keys.press('ArrowDown')
  assert.notEqual(await page.locator('#category').inputValue(), '', 'the arrows choose a category')
  await tabTo(page, '#send', 'the button that sends')
  await keys.press('Enter')
  await see(page.locator('#held'), 'that the request is there')
  await tabTo(page, '#text', 'the reply')
  await site.inbox.nth('clavier@example.org', 1)
})

scene('the desk by keyboard', { lang: 'fr' }, async (page, { site }) => {
  await request(site, 'fr', 'bureau@example.org', 'Une demande pour le bureau.')
  await page.goto(await site.signInLink())
  await tabTo(page, '#sign-in', 'the button that signs in')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/desk')
  await tabTo(page, '#view-held', 'the list of tickets that wait for proof')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/desk?view=held')
  await tabTo(page, 'td a', 'a ticket')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/desk/tickets/*')
  await tabTo(page, '#note-send', 'the button of the note')
  await page.keyboard.press('Enter')
  await see(page.locator('#note-error', { hasText: await word('fr', 'problem.text_missing') }), 'that the note has no words yet')
})
