// Accounts, from an invitation to a lost password, as somebody does who has no mouse: every field and
// button is reached by Tab. In the languages of the desk, with and without scripts, on a guichet of its
// own whose letters stay in the local mailbox.
import assert from 'node:assert/strict'
import { looker } from './audit.mjs'
import { memo, request, said, scene, see, serve, staffCookies, until, visit, word } from './harness.mjs'

const look = looker('accounts')
const own = memo(() => serve({ GUICHET_STARTER: 'none', EMBEDDINGS_URL: 'off', SMTP_URL: '' }))
const refused = /status of 4\d\d|Autofocus processing was blocked/

/** tabTo presses Tab until the element has the focus. */
async function tabTo(page, selector) {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate(s => document.activeElement?.matches(s) ?? false, selector)) return
  }
  assert.fail(`Tab reaches ${selector} at ${page.url()}`)
}

/** type reaches a field and writes into it, in place of what is there. */
async function type(page, selector, text) {
  await tabTo(page, selector)
  await page.keyboard.press('Control+A')
  await page.keyboard.type(text)
}

/** enter presses Enter where that leads to another page, and waits for it. */
async function enter(page) {
  const there = page.waitForEvent('load')
  await page.keyboard.press('Enter')
  await there
}

/** press reaches a button or link that leads to another page and presses it. */
async function press(page, selector) {
  await tabTo(page, selector)
  await enter(page)
}

/** letter waits for the newest letter in the local mailbox that leads to a path, and returns its link. */
async function letter(admin, to, path) {
  let link
  await until(async () => {
    await admin.goto('/desk/mailbox')
    link = await admin.locator(`main :is(li, article, section):has-text("${to}") a[href*="${path}"]`).first().getAttribute('href', { timeout: 500 }).catch(() => null)
    return link
  }, `a letter to ${to} that leads to ${path}`)
  return link
}

for (const lang of ['fr', 'en']) {
  for (const scripts of [true, false]) {
    const how = `${lang}, ${scripts ? 'with' : 'without'} scripts`
    scene(`somebody is invited, works, and loses a password: ${how}`, { site: own, lang, scripts, allow: refused, timeout: 240_000 }, async (page, { site }) => {
      const email = `ines-${lang}-${scripts}@example.org`
      const boss = await visit(site, { lang, scripts, allow: refused, cookies: await staffCookies(site) })
      const admin = boss.page
      try {
        // The invitation.
        await admin.goto('/desk/accounts')
        if (scripts) await look(admin, `list-${lang}`)
        await type(admin, '#email', 'ines')
        await press(admin, '#invite')
        await see(admin.locator('#email-error'), 'that this is no address')
        await type(admin, '#email', email)
        await press(admin, '#invite')
        await see(admin.locator('#notice', { hasText: await word(lang, 'desk.accounts.notice.invited') }), 'that the invitation is on its way')
        const link = await letter(admin, email, '/desk/invitation/')

        await page.goto(link)
        if (scripts) await look(page, `invitation-${lang}`)
        await type(page, '#name', 'Inès')
        await type(page, '#password', 'court')
        await enter(page)
        await see(page.locator('#error-summary a[href="#password"]'), 'that the password is too short')
        assert.equal(await page.locator('#name').inputValue(), 'Inès', 'the name is not lost')
        assert.equal(await page.locator('#password').inputValue(), '', 'the password is not written back')
        // What is typed can be shown.
        if (scripts) {
          await type(page, '#password', 'quatre mots à la suite')
          await tabTo(page, 'form p button.link')
          await page.keyboard.press('Enter')
          assert.equal(await page.locator('#password').getAttribute('type'), 'text', 'the password can be read')
          assert.equal(await page.locator('#password').inputValue(), 'quatre mots à la suite', 'and is still there')
          await page.keyboard.press('Enter')
          assert.equal(await page.locator('#password').getAttribute('type'), 'password', 'and hidden again')
          await press(page, '#set')
        } else {
          await press(page, '.reveal')
          await page.waitForURL(/show=1/)
          assert.equal(await page.locator('#password').getAttribute('type'), 'text', 'the password can be read')
          await type(page, '#name', 'Inès')
          await type(page, '#password', 'quatre mots à la suite')
          await enter(page)
        }
        await page.waitForURL(/\/desk$/)
        assert.ok((await said(page.locator('#account'))).includes('Inès'), 'she is signed in')

        // She takes a ticket, answers, and moves it.
        const ask = `Où est mon colis ${how} ?`
        const thread = await request(site, lang, `claire-${lang}-${scripts}@example.org`, ask)
        await page.goto('/desk?view=held')
        await page.locator('a', { hasText: ask }).focus()
        await enter(page)
        await press(page, '#release')
        await see(page.locator('#notice'), 'that the ticket is released')
        await see(page.locator('#dossier', { hasText: ask }), 'what was asked, in the dossier')
        await press(page, '#take')
        await see(page.locator('.thread', { hasText: await word(lang, 'desk.thread.taken', { by: 'Inès' }) }), 'that she has it')
        if (scripts) await look(page, `ticket-${lang}`)
        await type(page, '#text', 'Il arrive demain.')
        await press(page, '#reply')
        await see(page.locator('.entry.agent', { hasText: 'Il arrive demain.' }), 'her reply')
        await page.locator('#status').selectOption('solved')
        await press(page, '#status-set')
        await see(page.locator('#notice'), 'that the status is changed')
        await page.goto('/desk?view=mine')
        assert.ok(!(await said(page.locator('main'))).includes(ask), 'what is solved is among the open ones of nobody')
        await letter(admin, `claire-${lang}-${scripts}@example.org`, '/requests/')
        await until(async () => {
          await admin.goto('/desk/mailbox')
          return (await said(admin.locator('main'))).includes(await word(lang, 'mail.status.subject', { status: await word(lang, 'status.solved') }))
        }, 'the letter of the status')
        assert.ok(thread, 'the member has a page')

        // Her account.
        await press(page, '#account')
        if (scripts) await look(page, `account-${lang}`)
        await press(page, '#elsewhere')
        await see(page.locator('#notice'), 'that she is signed out elsewhere')

        // Out, and in again by another password.
        await press(page, '#sign-out')
        await press(page, '#enter')
        await page.waitForURL(/\/desk\/sign-in/)
        if (scripts) await look(page, `sign-in-${lang}`)
        await type(page, '#email', email)
        await type(page, '#password', 'autre chose encore')
        await enter(page)
        await see(page.locator('#error-summary', { hasText: await word(lang, 'desk.sign_in.wrong') }), 'that the two do not go together')
        assert.equal(await page.locator('#email').inputValue(), email, 'the address is not lost')
        await press(page, '#lost')
        if (scripts) await look(page, `lost-${lang}`)
        await type(page, '#email', email)
        await enter(page)
        await see(page.locator('#notice', { hasText: await word(lang, 'desk.lost.done') }), 'where the link goes')
        await page.goto(await letter(admin, email, '/desk/password/'))
        await type(page, '#password', 'cinq mots tout à fait autres')
        await enter(page)
        await page.waitForURL(/\/desk$/)
        await press(page, '#sign-out')
        await press(page, '#enter')
        await type(page, '#email', email)
        await type(page, '#password', 'cinq mots tout à fait autres')
        await enter(page)
        await page.waitForURL(/\/desk$/)
        boss.check()
      } finally {
        await boss.context.close()
      }
    })
  }
}
