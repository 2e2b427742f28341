// « Mes demandes »: from a request by the form to its end and its new beginning, as its member does it,
// with and without scripts, with the keyboard; and in the widget, as a member of the sample shop.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { looker, tags, violations } from './audit.mjs'
import { freePort, memo, network, out, said, scene, see, serve, staffCookies, until, visit, word } from './harness.mjs'

const look = looker('space')
const own = memo(() => serve({ GUICHET_STARTER: 'none', EMBEDDINGS_URL: 'off', SMTP_URL: '' }))

/** mall is a help center with a shop, which answers nothing: requests need no article. */
const mall = memo(async () => {
  const shop = `127.0.0.1:${await freePort()}`
  const site = await serve({ GUICHET_STARTER: 'none', EMBEDDINGS_URL: 'off', SMTP_URL: '', GUICHET_DEMO_ADDR: shop })
  site.shop = `http://${shop}`
  return site
})

/** letter waits for the newest letter in the local mailbox that leads to a path, and returns its link. */
async function letter(admin, to, path) {
  let link
  await until(async () => {
    await admin.goto('/desk/mailbox')
    link = await admin.locator(`li.mail:has-text("${to}") a[href*="${path}"]`).first().getAttribute('href', { timeout: 500 }).catch(() => null)
    return link
  }, `a letter to ${to} that leads to ${path}`)
  return link
}

/** press reaches a button or link by Tab and presses it, where that leads to another page. */
async function press(page, selector) {
  for (let i = 0; i < 100; i++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate(s => document.activeElement?.matches(s) ?? false, selector)) {
      const there = page.waitForEvent('load')
      await page.keyboard.press('Enter')
      return there
    }
  }
  assert.fail(`Tab reaches ${selector} at ${page.url()}`)
}

const words = {
  fr: { text: 'Mon vase est arrivé cassé.\nIl est en deux morceaux.', more: 'J’ai gardé les morceaux.', reply: 'Nous vous en envoyons un autre.', part: 'deux morceaux', none: 'éléphant' },
  pl: { text: 'Mój wazon przyszedł rozbity.\nJest w dwóch kawałkach.', more: 'Zachowałam kawałki.', reply: 'Wyślemy Państwu nowy.', part: 'dwóch kawałkach', none: 'słoń' },
}

for (const lang of ['fr', 'pl']) {
  for (const scripts of [true, false]) {
    const how = `${lang}, ${scripts ? 'with' : 'without'} scripts`
    scene(`a request, from the form to « Mes demandes » and back: ${how}`, { site: own, lang, scripts, allow: /status of 4\d\d/, timeout: 300_000 }, async (page, { site, context }) => {
      const say = words[lang], email = `camille-${lang}-${scripts}@example.org`
      const staff = await visit(site, { lang: 'fr', cookies: await staffCookies(site) })
      const admin = staff.page
      try {
        // The form, and the proof of the address, which opens the list.
        await page.goto(`/${lang}/requests/new`)
        await page.locator('#text').fill(say.text)
        await page.locator('#email').fill(email)
        await page.locator('#category').selectOption('order')
        await page.locator('#send').click()
        await see(page.locator('#held'), 'that the address is still to be confirmed')
        const ref = await said(page.locator('#ref'))
        const link = new URL(page.url()).pathname
        await page.goto(await letter(admin, email, `/${lang}/requests/`))
        if (scripts) await look(page, `prove-${lang}`)
        await press(page, '#prove-open')
        assert.equal(new URL(page.url()).pathname, `/${lang}/requests`)
        await see(page.locator('#notice', { hasText: await word(lang, 'space.notice.proven') }), 'that the address is confirmed')
        const row = page.locator('.request', { hasText: ref })
        await see(row.locator('.status.received'), 'the request with its status')
        assert.ok((await said(row)).includes(say.text.split('\n')[0]), 'and its subject')

        // An answer is new until it has been before the reader's eyes.
        await admin.goto('/desk')
        await admin.locator('tr', { hasText: ref }).locator('a').first().click()
        await admin.locator('#text').fill(say.reply)
        await admin.locator('#reply').click()
        await admin.locator('#notice').waitFor()
        await page.goto(`/${lang}`)
        await see(page.locator('#mine .badge', { hasText: '1' }), 'that something is unread')
        if (scripts) await look(page, `home-${lang}`)
        await press(page, '#mine')
        await see(row.locator('.new'), 'which request has something new')
        await see(row.locator('.status.waiting'), 'that we wait for the member')
        if (scripts) await look(page, `list-${lang}`)
        await press(page, '.request h2 a')
        await see(page.locator('.entry.agent', { hasText: say.reply }), 'the answer')
        if (scripts) await page.locator('#mark-read').waitFor({ state: 'detached' })
        else await press(page, '#mark-read')
        await page.goto(`/${lang}/requests`)
        assert.equal(await page.locator('#mine .badge').count(), 0, 'nothing is unread any more')
        assert.equal(await row.locator('.new').count(), 0)

        // Adding, solving, reopening.
        await row.locator('h2 a').click()
        await page.locator('#text').fill(say.more)
        await press(page, '#reply')
        await see(page.locator('.entry.member', { hasText: say.more }), 'what was added')
        await see(page.locator('.ticket-head .status.in_progress'), 'that it is worked on')
        await press(page, '#solved')
        await see(page.locator('.ticket-head .status.solved'), 'that it is solved')
        if (scripts) await look(page, `solved-${lang}`)
        await press(page, '#reopen')
        await see(page.locator('#notice', { hasText: await word(lang, 'ticket.notice.reopened') }), 'that it is open again')
        await see(page.locator('.ticket-head .status.in_progress'), 'with its status')

        // Looking for it.
        await page.locator('.crumbs a').last().click()
        await page.locator('#q').fill(say.part)
        await page.locator('#q').press('Enter')
        await see(row, 'the request by words of its text')
        await page.locator('#q').fill(say.none)
        await page.locator('#search-mine').click()
        await see(page.locator('#empty', { hasText: await word(lang, 'space.none_found') }), 'that nothing matches')
        if (scripts) await look(page, `nothing-${lang}`)
        await press(page, '#empty a')
        await press(page, '#filter-solved')
        await see(page.locator('#empty'), 'no solved request')
        assert.equal(await page.locator('#filter-solved').getAttribute('aria-current'), 'page')
        await press(page, '#filter-open')
        await see(row, 'the open request')

        // What opens it without signing in can be taken back.
        const stranger = await visit(site, { lang, scripts, allow: /status of 4\d\d/ })
        try {
          assert.equal((await stranger.page.goto(link)).status(), 200, 'the link opens the request')
          await row.locator('h2 a').click()
          await page.locator('#links > summary').click()
          await see(page.locator('#links li'), 'the links that open it')
          if (scripts) await look(page, `links-${lang}`)
          await page.locator('#revoke-all').click()
          await see(page.locator('#notice', { hasText: await word(lang, 'ticket.notice.revoked') }), 'that they are revoked')
          assert.equal((await stranger.page.goto(link)).status(), 410, 'the link opens nothing any more')
          stranger.check()
        } finally {
          await stranger.context.close()
        }

        // Out, and in again by a link.
        await page.goto(`/${lang}/requests`)
        await press(page, '#sign-out')
        await see(page.locator('#notice', { hasText: await word(lang, 'space.notice.out') }), 'that the session is over')
        assert.deepEqual((await context.cookies()).filter(c => c.name === 'guichet_member'), [])
        if (scripts) await look(page, `door-${lang}`)
        await page.locator('#email').fill('camille')
        await press(page, '#ask-link')
        await see(page.locator('#email-error', { hasText: await word(lang, 'problem.email') }), 'that this is no address')
        await page.locator('#email').fill(email)
        await press(page, '#ask-link')
        await see(page.locator('#sent', { hasText: email }), 'where the link goes')
        await page.goto(await letter(admin, email, `/${lang}/my/sign-in/`))
        if (scripts) await look(page, `open-${lang}`)
        await press(page, '#open')
        await see(row, 'the request again')
        staff.check()
      } finally {
        await staff.context.close()
      }
    })
  }
}

scene('the member of a shop finds their requests in the widget', { site: mall, lang: 'fr', timeout: 180_000 }, async (page, { site }) => {
  const inside = () => page.frames().find(f => f.url().includes('/panel'))
  await page.goto(`${site.shop}/orders?lang=fr`)
  await page.locator('#as-camille').click()
  await page.waitForLoadState('load')
  await page.locator('#launcher').click()
  const frame = page.frameLocator('guichet-widget iframe')
  await see(frame.locator('#ask, #composer'), 'the open widget')
  const kept = () => inside().evaluate(() => sessionStorage.getItem('guichet-member'))
  await until(kept, 'who is signed in')
  const { session } = JSON.parse(await kept())
  // A request made elsewhere: on another device, say.
  const call = async (path, body) => {
    const r = await fetch(`${site.url}/api/v1/${path}`, { method: 'POST', headers: { Authorization: `Bearer ${session}`, ...network() }, body: JSON.stringify(body) })
    assert.ok(r.ok, `${path}: ${r.status}`)
    return r.json()
  }
  const { id } = await call('conversations', { lang: 'fr' })
  const { ticket } = await call(`conversations/${id}/handoff`, { client_id: crypto.randomUUID(), channel: 'email', category: 'order', email: 'camille.roux@example.org', text: 'Où est le certificat du vase ?' })
  await frame.locator('nav [data-tab="tickets"]').click()
  const row = frame.locator(`[data-part="ticket"][data-ref="${ticket.ref}"]`)
  await see(row, 'the request that was made elsewhere')
  assert.deepEqual(await violations(inside(), tags), [], 'axe finds nothing at the list')
  await page.screenshot({ path: join(out, 'space-widget.png') })
  await row.press('Enter')
  await see(frame.locator('[data-part="ticket-bar"]', { hasText: ticket.ref }), 'the request opened')
  await see(frame.locator('.log', { hasText: 'certificat du vase' }), 'and what was written')
})
