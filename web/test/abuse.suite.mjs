// Guests' requests: a browser works for them and nobody notices; agents sort what is held.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { sideways, tags, violations } from './audit.mjs'
import { memo, out, said, scene, see, serve, staffCookies, until, visit, word } from './harness.mjs'

const part = name => `[data-part="${name}"]`
const least = 300 // ms; a person takes longer than any of this

/** house is a help center of its own, whose forms take as long as people do. */
const house = memo(() => serve({ GUICHET_STARTER: 'none', EMBEDDINGS_URL: 'off', SMTP_URL: '', GUICHET_FORM_TIME: `${least}ms` }))

/** worked waits until the browser has solved a challenge, and returns how long that took. */
async function worked(page) {
  const took = () => page.evaluate(() => performance.getEntriesByName('guichet:proof').at(-1)?.duration)
  await until(async () => await took() !== undefined, 'nothing: the work is done unseen')
  return took()
}

/** linger is what people do before they send. */
const linger = page => page.waitForTimeout(2 * least)

/** cause is what agents read beside the request of an address. */
async function cause(site, email) {
  const desk = await visit(site, { lang: 'fr', cookies: await staffCookies(site) })
  await desk.page.goto('/desk?view=held')
  const text = await said(desk.page.locator('tr', { hasText: email }).locator('.status'))
  await desk.context.close()
  return text
}

for (const width of [1280, 320]) {
  scene(`a guest sends the form and notices nothing, ${width} px wide`, { lang: 'fr', site: house, width }, async (page, { site }) => {
    await page.goto('/fr/requests/new')
    const took = await worked(page)
    console.log(`# the form's proof took ${Math.round(took)} ms`)
    assert.equal(await page.locator('#homepage').isVisible(), false, 'nobody sees the field for programs')
    const tree = await page.locator('main').ariaSnapshot()
    assert.ok(!tree.includes(await word('fr', 'request.trap')), 'and no screen reader says it')
    assert.deepEqual(await violations(page, tags), [], 'axe finds nothing')
    assert.equal(await sideways(page), '', 'nothing scrolls sideways')
    const email = `avec.preuve.${width}@example.org`
    await page.locator('#email').fill(email)
    await page.locator('#category').selectOption('refund')
    await page.locator('#text').fill('Où est mon remboursement ?')
    await linger(page)
    await page.locator('#send').dblclick()
    await see(page.locator('#held', { hasText: email }), 'that a mail is on its way')
    assert.equal(await cause(site, email), await word('fr', 'desk.cause.address_unproven'))
  })
}

scene('a slow phone makes its proof too', { lang: 'fr', site: house, width: 320 }, async (page, { context }) => {
  const session = await context.newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: 6 })
  await page.goto('/fr/requests/new')
  console.log(`# six times slower, the form's proof took ${Math.round(await worked(page))} ms`)
})

scene('a mistake in the form, and what comes back is sent', { lang: 'fr', site: house, allow: /status of 400/ }, async (page, { site }) => {
  await page.goto('/fr/requests/new')
  await page.locator('#text').fill('Où est mon remboursement ?')
  await linger(page)
  await page.locator('#send').click()
  await see(page.locator('#error-summary'), 'what is missing')
  await page.locator('#email').fill('corrigee@example.org')
  await page.locator('#category').selectOption('refund')
  await page.locator('#send').click() // at once: the form began before
  await see(page.locator('#held'), 'that the request has arrived')
  assert.equal(await cause(site, 'corrigee@example.org'), await word('fr', 'desk.cause.address_unproven'))
})

scene('the same from the panel', { lang: 'fr', site: house, width: 400 }, async (page, { site }) => {
  await page.goto('/fr/chat?q=Je voudrais parler à une personne')
  await page.locator(part('talk')).first().click()
  await see(page.locator(part('request-form')), 'the request form')
  console.log(`# the panel's proof took ${Math.round(await worked(page))} ms`)
  assert.deepEqual(await violations(page, tags), [], 'axe finds nothing')
  await page.locator('#request-email').fill('panneau@example.org')
  await page.locator('#request-category').selectOption('refund')
  await linger(page)
  await page.locator(part('request-send')).click()
  await see(page.locator(part('done')), 'that the request has arrived')
  assert.equal(await cause(site, 'panneau@example.org'), await word('fr', 'desk.cause.address_unproven'))
})

scene('without scripts, and as a program', { lang: 'fr', site: house, scripts: false, width: 320 }, async (page, { site }) => {
  const fill = async email => {
    await page.goto('/fr/requests/new')
    await page.locator('#email').fill(email)
    await page.locator('#category').selectOption('refund')
    await page.locator('#text').fill('Où est mon remboursement ?')
  }
  await fill('sans.script@example.org')
  await linger(page)
  await page.locator('#send').click()
  await see(page.locator('#held', { hasText: 'sans.script@example.org' }), 'that a mail is on its way')
  await fill('programme@example.org')
  await page.locator('#homepage').evaluate(e => { e.value = 'https://example.org' })
  await linger(page)
  await page.locator('#send').click()
  await see(page.locator('#held', { hasText: 'programme@example.org' }), 'what everybody sees')
  assert.equal(await cause(site, 'sans.script@example.org'), await word('fr', 'desk.cause.no_proof'))
  assert.equal(await cause(site, 'programme@example.org'), await word('fr', 'desk.cause.bot_suspected'))
})

for (const [scripts, width, scheme] of [[true, 1280, 'light'], [false, 320, 'dark']]) {
  scene(`agents sort what is held, ${scripts ? 'with' : 'without'} scripts`, { lang: 'fr', site: house, scripts, width, scheme, allow: /status of 400/ }, async (page, { site, context }) => {
    const mine = Array.from({ length: 3 }, (_, i) => `tri.${scripts}.${i}@example.org`)
    for (const email of mine) {
      const body = new FormData()
      for (const [k, v] of Object.entries({ client_id: crypto.randomUUID(), email, text: 'Bonjour à tous', category: 'refund' })) body.set(k, v)
      await fetch(`${site.url}/fr/requests/new`, { method: 'POST', body, redirect: 'manual' })
    }
    await context.addCookies(await staffCookies(site))
    await page.goto('/desk?view=held')
    if (scripts) {
      assert.deepEqual(await violations(page, tags), [], 'axe finds nothing')
    }
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing scrolls sideways')
    await page.screenshot({ path: join(out, `held-${width}.png`) })
    await page.locator('#held-release').click()
    await see(page.locator('#error-summary', { hasText: await word('fr', 'desk.held_missing') }), 'that nothing is chosen')
    const row = email => page.locator('tr', { hasText: email })
    await row(mine[0]).locator('input').check()
    await row(mine[1]).locator('input').check()
    await page.locator('#held-release').click()
    await see(page.locator('#notice', { hasText: '2' }), 'how many are released')
    assert.equal(await row(mine[0]).count() + await row(mine[1]).count(), 0, 'they have left the list')
    await row(mine[2]).locator('a').click()
    await page.locator('#spam').click()
    await see(page.locator('#notice', { hasText: '1' }), 'that it is spam')
    if (scripts) return
    await page.locator('#held-all').click()
    await page.locator('#held-spam').click()
    await see(page.locator('.empty'), 'that nothing is left')
  })
}
