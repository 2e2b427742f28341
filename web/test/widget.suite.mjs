// The widget on a real site: the sample shop, on an origin of its own and with a strict policy, in all
// nine languages; with networks, tabs and storages as they happen to be.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { sideways, tags, violations } from './audit.mjs'
import { main, out, root, said, scene, see, until, visit, word } from './harness.mjs'

const languages = ['en', 'es', 'it', 'fr', 'nl', 'de', 'zh', 'pt', 'pl']

/** known is a question of the starter help center whose answer holds want. */
async function known(lang, fact = 'refund-review') {
  const lines = (await readFile(join(root, `kb/starter/questions.${lang}.jsonl`), 'utf8')).trim().split('\n').map(l => JSON.parse(l))
  const { question, want } = lines.find(l => l.fact === fact)
  return { question, want: want[0].replace(/\s+/g, ' ') }
}

const part = name => `[data-part="${name}"]`

/** panel opens the widget by its launcher: the frame, to look into. */
async function panel(page) {
  await page.locator('#launcher').click()
  const frame = page.frameLocator('guichet-widget iframe')
  await see(frame.locator('#ask, #composer'), 'the open widget')
  return frame
}

/** inside is the frame itself, for what a locator cannot do. */
const inside = page => page.frames().find(f => f.url().includes('/panel'))

async function ask(frame, question, box = '#ask') {
  await frame.locator(box).fill(question)
  await frame.locator(box).press('Enter')
}

const answered = frame => frame.locator(`${part('answer')}[data-outcome="answered"]`)

/** shop opens the sample shop. */
async function shop(page, { shop: url }, lang, rest = '') {
  await page.goto(`${url}/?lang=${lang}${rest}`)
  await see(page.locator('#launcher'), 'the launcher in the corner')
}

const focused = frame => frame.evaluate(() => document.activeElement?.id || document.activeElement?.dataset.part || document.activeElement?.tagName)

for (const lang of languages) {
  scene(`the widget in ${lang}, from the question to the ticket's status`, { lang, timeout: 180_000 }, async (page, { site, context }) => {
    const { question, want } = await known(lang)
    await shop(page, site, lang)
    assert.equal(await said(page.locator('#launcher')), await word(lang, 'widget.launcher.title'), 'the launcher says what it is for')
    const frame = await panel(page)
    assert.equal(await page.locator('#launcher').getAttribute('aria-expanded'), 'true')
    await until(async () => await focused(inside(page)) === 'ask', 'the cursor in the question box')
    await see(frame.locator(part('promise')), 'by when a person answers')
    await see(frame.locator('.ai', { hasText: await word(lang, 'answer.assistant') }), 'that the assistant is a machine, before the first question')
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing on the first tab')

    await ask(frame, question)
    await see(frame.locator(part('question'), { hasText: question.slice(0, 20) }), 'the question')
    await see(answered(frame), 'an answer')
    assert.ok((await said(answered(frame).locator(part('answer-text')))).replace(/\d(?= |$)/g, m => m).includes(want), `the answer says « ${want} »`)
    await see(answered(frame).locator(part('talk'), { hasText: await word(lang, 'answer.talk') }), 'the way to a person under the answer')
    await until(async () => (await frame.locator(part('announce')).textContent()).includes(await word(lang, 'answer.assistant')), 'the answer announced to screen readers, once')
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the answer')
    await page.screenshot({ path: join(out, `widget-answer-${lang}.png`) })

    // A citation opens the article inside the panel, at the quote; back leads to where one was.
    const citation = answered(frame).locator(part('citation')).first()
    await citation.click()
    await see(frame.locator(`${part('article')}[data-cited="marked"]`), 'the article inside the panel')
    const quote = frame.locator('#cited').first()
    await until(() => quote.evaluate(e => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight }), 'the quote that is cited')
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the article')
    await frame.locator(part('back')).click()
    await until(() => citation.evaluate(e => e === document.activeElement), 'the focus on the citation again')

    // A vote, changed: what is wrong with the answer may be said.
    await answered(frame).locator(part('helpful')).click()
    await see(answered(frame).locator('.feedback [role=status]', { hasText: await word(lang, 'feedback.thanks') }), 'thanks for the vote')
    await answered(frame).locator(part('unhelpful')).click()
    await answered(frame).locator('[data-reason="incomplete"]').click()
    await answered(frame).locator(part('feedback-send')).click()
    await until(async () => await answered(frame).locator('.why').count() === 0, 'the form of the vote gone once it is sent')
    assert.equal(await answered(frame).locator(part('helpful')).getAttribute('aria-pressed'), 'false')

    // To a person: what was typed stays beside what is wrong.
    await answered(frame).locator(part('talk')).click()
    await see(frame.locator(`${part('channel')}[data-channel="email"][data-state="open"]`), 'that e-mail is open')
    assert.equal(await frame.locator('#request-text').inputValue(), question, 'nobody has to type the question again')
    await frame.locator(part('request-send')).click()
    await see(frame.locator('#request-email-error'), 'what is missing, beside the field')
    await until(async () => (await focused(inside(page))).startsWith('request-'), 'the cursor in the first field that is wrong')
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the form')
    const email = `widget.${lang}@example.org`
    await frame.locator('#request-email').fill(email)
    await frame.locator('#request-category').selectOption('refund')
    await frame.locator(part('request-send')).click()
    await see(frame.locator(part('done')), 'that the request has arrived')
    const ref = await said(frame.locator(part('ref')))
    assert.match(ref, /^G-[0-9A-Z]{5}$/)
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the confirmation')

    // The mail, its link, the proof; and the state in the widget.
    const mail = await site.inbox.nth(email, 1)
    assert.equal(mail.headers['Content-Language']?.[0], lang === 'zh' ? 'zh-Hans' : lang === 'pt' ? 'pt-PT' : lang, 'the mail is in their language')
    assert.ok(mail.subject.includes(ref))
    const other = await context.newPage()
    await other.goto(mail.links[0])
    await other.locator('#prove').click()
    await see(other.locator('.ticket-head .status.received'), 'the status on the request’s page')
    await see(other.locator('.thread', { hasText: want.slice(0, 12) }), 'the whole conversation on the request’s page')
    await other.close()
    await frame.locator('nav [data-tab="tickets"]').click()
    const row = frame.locator(`${part('ticket')}[data-ref="${ref}"]`)
    await see(row, 'the request in the widget')
    await until(async () => await row.locator('[data-status="received"]').count() > 0 && !(await row.innerText()).includes(await word(lang, 'ticket.held_title')), 'that the request is on its way')

    // What is written now goes to the request.
    await row.click()
    await ask(frame, `+ ${question}`, '#composer')
    await see(frame.locator(part('question'), { hasText: `+ ${question}`.slice(0, 20) }), 'the message')
    await until(async () => await frame.locator(part('question')).count() === 3, 'question, request and message, each once')
  })
}

scene('an agent’s reply reaches the widget', { lang: 'fr' }, async (page, { site }) => {
  await shop(page, site, 'fr')
  let frame = await panel(page)
  await ask(frame, (await known('fr')).question)
  await see(answered(frame), 'an answer')
  await answered(frame).locator(part('talk')).click()
  await frame.locator('#request-email').fill('badge@example.org')
  await frame.locator('#request-category').selectOption('refund')
  await frame.locator(part('request-send')).click()
  await see(frame.locator(part('done')), 'the confirmation')
  await page.keyboard.press('Escape') // out of the confirmation
  await page.keyboard.press('Escape') // out of the widget
  await until(() => page.evaluate(() => !guichet.isOpen), 'the widget closed')

  const [link] = (await site.inbox.nth('badge@example.org', 1)).links
  const desk = await visit(site, { lang: 'fr' })
  await desk.page.goto(link)
  await desk.page.locator('#prove').click()
  await desk.page.goto(await site.signInLink())
  await desk.page.locator('#sign-in').click()
  await desk.page.locator('tr', { hasText: 'badge@example.org' }).locator('a').click()
  await desk.page.locator('#text').fill('Nous avons retrouvé votre colis Alizé-88.')
  await desk.page.locator('#reply').click()
  await see(desk.page.locator('#notice'), 'that the reply is sent')
  desk.check()
  await desk.context.close()

  await inside(page).evaluate(() => document.dispatchEvent(new Event('visibilitychange'))) // as when the tab is looked at again
  await see(page.locator('#launcher b', { hasText: '1' }), 'one unread message on the launcher')
  assert.ok((await page.locator('#launcher').getAttribute('aria-label')).includes('1'), 'the badge is said too')
  frame = await panel(page)
  await frame.locator('nav [data-tab="conversation"]').click()
  await see(frame.locator(part('agent'), { hasText: 'Alizé-88' }), 'the reply')
  await until(async () => await page.evaluate(() => guichet.unreadCount) === 0, 'nothing unread any more')
})

scene('offline and back', { lang: 'fr', allow: /ERR_INTERNET_DISCONNECTED/ }, async (page, { site, context }) => {
  const { question, want } = await known('fr')
  await shop(page, site, 'fr')
  const frame = await panel(page)
  await until(() => inside(page).evaluate(() => performance.getEntriesByType('resource').some(r => r.name.includes('/more') && r.responseEnd > 0)), 'all of the panel is there')
  await context.setOffline(true)
  await ask(frame, question)
  await see(frame.locator(part('banner'), { hasText: await word('fr', 'widget.offline') }), 'that there is no network, and that the question waits')
  await see(frame.locator(part('question'), { hasText: question }), 'the question')
  await context.setOffline(false)
  await see(answered(frame), 'the answer, by itself')
  assert.ok((await said(answered(frame))).includes(want))
  assert.equal(await frame.locator(part('question')).count(), 1, 'the question was asked once')
  await until(async () => await said(frame.locator(part('banner'))) === '', 'no banner any more')
})

scene('a reload in the middle of an answer', { lang: 'fr' }, async (page, { site, context }) => {
  const { question, want } = await known('fr')
  await shop(page, site, 'fr')
  let release, asked
  const held = new Promise(resolve => { release = resolve })
  const sent = new Promise(resolve => { asked = resolve })
  await context.route(/\/questions/, async route => { asked(); await held; await route.abort().catch(() => {}) }, { times: 1 })
  let frame = await panel(page)
  await ask(frame, question)
  await sent
  await page.reload()
  release()
  frame = await panel(page)
  await see(answered(frame), 'the answer to what was asked before the reload')
  assert.ok((await said(answered(frame))).includes(want))
  await until(async () => await frame.locator(part('question')).count() === 1, 'the question once')
  await page.reload()
  frame = await panel(page)
  await frame.locator('nav [data-tab="conversation"]').click()
  await see(answered(frame), 'the same conversation after another reload')
})

scene('two tabs show one conversation', { lang: 'fr' }, async (page, { site, context }) => {
  await shop(page, site, 'fr')
  const other = await context.newPage()
  await other.goto(`${site.shop}/orders?lang=fr`)
  const here = await panel(page), there = await panel(other)
  await ask(here, (await known('fr')).question)
  await see(answered(here), 'the answer where it was asked')
  await there.locator(part('recent')).first().click()
  await see(answered(there), 'the answer in the other tab')
  await ask(there, (await known('fr', 'first-answer')).question, '#composer')
  await until(async () => await there.locator(part('answer')).count() === 2, 'the second answer')
  await until(async () => await here.locator(part('answer')).count() === 2, 'the second answer in the first tab too')
  assert.equal(await here.locator(part('question')).count(), 2)
})

const blocked = () => {
  if (window === window.top) return
  Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('blocked', 'SecurityError') } })
}

scene('third-party storage is blocked', { lang: 'fr' }, async (page, { site, context }) => {
  await context.addInitScript(blocked)
  await shop(page, site, 'fr')
  let frame = await panel(page)
  await ask(frame, (await known('fr')).question)
  await see(answered(frame), 'the answer')
  await page.reload()
  frame = await panel(page)
  await frame.locator(part('recent')).first().click()
  await see(answered(frame), 'the conversation after a reload all the same')
  await page.evaluate(() => guichet('shutdown'))
  await until(async () => await page.locator('guichet-widget').count() === 0, 'the widget gone')
  assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'the page keeps nothing of it')
})

scene('no storage at all', { lang: 'fr' }, async (page, { site, context }) => {
  await context.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError') } })
    }
  })
  await shop(page, site, 'fr')
  const frame = await panel(page)
  await ask(frame, (await known('fr')).question)
  await see(answered(frame), 'the answer')
})

scene('the widget by keyboard alone', { lang: 'fr' }, async (page, { site }) => {
  const keys = page.keyboard
  await shop(page, site, 'fr')
  for (let i = 0; i < 60 && !await page.evaluate(() => document.activeElement?.tagName === 'GUICHET-WIDGET'); i++) await keys.press('Tab')
  await keys.press('Enter')
  const frame = page.frameLocator('guichet-widget iframe')
  await see(frame.locator('#ask'), 'the open widget')
  await until(async () => await focused(inside(page)) === 'ask', 'the cursor in the question box')
  // While an input method composes, Enter belongs to it.
  await keys.type('退款')
  await frame.locator('#ask').evaluate(e => e.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true })))
  assert.equal(await frame.locator(part('question')).count(), 0, 'nothing was sent')
  await frame.locator('#ask').fill('')
  await keys.type((await known('fr')).question)
  await keys.press('Enter')
  await see(answered(frame), 'the answer')
  const tabTo = async (name, back) => {
    for (let i = 0; i < 40; i++) {
      if (await focused(inside(page)) === name) return
      if (await inside(page).evaluate(n => document.activeElement?.dataset.part === n, name)) return
      await keys.press(back ? 'Shift+Tab' : 'Tab')
    }
    assert.fail(`Tab reaches ${name}`)
  }
  await tabTo('citation', true)
  await keys.press('Enter')
  await see(frame.locator(part('article')), 'the article')
  await keys.press('Escape')
  await until(() => inside(page).evaluate(() => document.activeElement?.dataset.part === 'citation'), 'the focus on the citation')
  await tabTo('talk')
  await keys.press('Enter')
  await see(frame.locator(part('request-form')), 'the request form')
  await tabTo('request-email')
  await keys.type('clavier.widget@example.org')
  await keys.press('Tab')
  await keys.press('r')
  await tabTo('request-send')
  await keys.press('Enter')
  await see(frame.locator(part('done')), 'the confirmation')
  await site.inbox.nth('clavier.widget@example.org', 1)
  await keys.press('Escape')
  await keys.press('Escape')
  await until(() => page.evaluate(() => !guichet.isOpen && document.activeElement?.shadowRoot?.activeElement?.id === 'launcher'), 'the widget closed and the focus on its launcher')
})

for (const scheme of ['light', 'dark']) {
  scene(`the widget on a phone, ${scheme}`, { lang: 'de', width: 320, height: 640, scheme }, async (page, { site }) => {
    await shop(page, site, 'de')
    await page.screenshot({ path: join(out, `widget-phone-closed-${scheme}.png`) })
    const frame = await panel(page)
    const box = await page.locator('guichet-widget #panel').boundingBox()
    assert.deepEqual([box.x, box.y, box.width, box.height], [0, 0, 320, 640], 'the whole screen')
    assert.ok(await page.locator('main').evaluate(e => e.closest('[inert]') !== null), 'what lies behind it is out of reach')
    assert.ok(!await page.locator('#launcher').isVisible(), 'no launcher over the composer')
    await ask(frame, (await known('de')).question)
    await see(answered(frame), 'the answer')
    assert.equal(await sideways(inside(page)), '', 'nothing scrolls sideways')
    assert.deepEqual(await violations(inside(page), tags), [])
    await page.screenshot({ path: join(out, `widget-phone-answer-${scheme}.png`) })
    await answered(frame).locator(part('talk')).click()
    await see(frame.locator(part('request-form')), 'the form')
    assert.equal(await sideways(inside(page)), '', 'nothing scrolls sideways')
    await page.screenshot({ path: join(out, `widget-phone-form-${scheme}.png`) })
    await frame.locator(part('back')).click()
    for (const tab of ['home', 'tickets', 'articles']) {
      await frame.locator(`nav [data-tab="${tab}"]`).click()
      await see(frame.locator(`.screen[data-tab="${tab}"]`), `the tab ${tab}`)
      assert.equal(await sideways(inside(page)), '', 'nothing scrolls sideways')
      assert.deepEqual(await violations(inside(page), tags), [])
    }
    await frame.locator(part('close')).click()
    await until(() => page.evaluate(() => !guichet.isOpen), 'the widget closed')
    assert.ok(await page.locator('main').evaluate(e => e.closest('[inert]') === null), 'the page can be used again')
  })
}

scene('a site’s own script talks to the widget', { lang: 'fr' }, async (page, { site }) => {
  await shop(page, site, 'fr')
  // Booted again, and loaded again: one launcher.
  await page.evaluate(async src => {
    guichet('boot', { lang: 'fr' })
    guichet('boot', { lang: 'fr', label: 'Une question ?' })
    await new Promise(resolve => document.head.append(Object.assign(document.createElement('script'), { src, onload: resolve, nonce: document.querySelector('script').nonce })))
  }, site.url + '/widget.js')
  assert.equal(await page.locator('guichet-widget').count(), 1, 'one widget')
  assert.equal(await said(page.locator('#launcher')), 'Une question ?')
  await page.evaluate(() => {
    window.heard = []
    for (const name of ['show', 'hide', 'answer', 'feedback', 'identify:error']) guichet('on', name, () => heard.push(name))
    document.addEventListener('guichet:answer', e => heard.push('dom:' + e.detail.outcome))
    guichet('identify', { token: 'none' })
    guichet('ask', 'Combien de temps prend un remboursement ?')
  })
  const frame = page.frameLocator('guichet-widget iframe')
  await see(answered(frame), 'the answer to what the page asked')
  await answered(frame).locator(part('helpful')).click()
  await until(() => page.evaluate(() => ['show', 'answer', 'dom:answered', 'feedback', 'identify:error'].every(n => heard.includes(n))), 'every event heard')
  await page.evaluate(() => guichet('hide'))
  assert.deepEqual(await page.evaluate(() => [guichet.isOpen, heard.at(-1)]), [false, 'hide'])

  // A shared computer: after shutdown nothing is left.
  assert.ok(await inside(page).evaluate(() => localStorage.getItem('guichet')), 'the conversation is remembered')
  await page.evaluate(() => guichet('shutdown'))
  await until(async () => await page.locator('guichet-widget').count() === 0, 'the widget gone')
  await page.evaluate(() => guichet('boot', { lang: 'fr' }))
  const again = await panel(page)
  assert.equal(await again.locator(part('recent')).count(), 0, 'no conversation is left')
  const kept = await inside(page).evaluate(() => localStorage.getItem('guichet') ?? '')
  assert.ok(!kept.includes('token'), 'no token is left')
  await page.emulateMedia({ media: 'print' })
  assert.ok(!await page.locator('#launcher').isVisible(), 'it is not printed')
})

scene('a deep link opens the widget with its question', { lang: 'nl' }, async (page, { site }) => {
  const { question, want } = await known('nl')
  await page.goto(`${site.shop}/?lang=nl&guichet=${encodeURIComponent('ask:' + question)}`)
  const frame = page.frameLocator('guichet-widget iframe')
  await see(answered(frame), 'the answer')
  assert.ok((await said(answered(frame))).includes(want))
})

scene('the chat as a page of its own', { lang: 'pl' }, async (page) => {
  const { question, want } = await known('pl')
  await page.goto('/chat?q=' + encodeURIComponent(question))
  await page.waitForURL('**/pl/chat')
  await see(answered(page), 'the answer')
  assert.ok((await said(answered(page))).includes(want))
  assert.deepEqual(await violations(page, tags), [])
  await page.reload()
  assert.equal(await page.locator(part('question')).count() <= 1, true, 'a reload asks nothing again')
  await page.screenshot({ path: join(out, 'widget-chat-page.png') })
})

scene('the chat’s address without scripts', { lang: 'fr', scripts: false }, async page => {
  await page.goto('/chat')
  await page.getByRole('link', { name: await word('fr', 'ask.title') }).click()
  await page.waitForURL('**/fr/ask')
})

scene('an unknown question opens the way to a person', { lang: 'fr' }, async (page, { site }) => {
  await shop(page, site, 'fr')
  const frame = await panel(page)
  await ask(frame, 'Quelle est la capitale du Pérou ?')
  const unknown = frame.locator(`${part('answer')}[data-outcome="unknown"]`)
  await see(unknown, 'that the assistant does not know')
  await see(unknown.locator(`${part('channel')}[data-channel="email"]`), 'the ways to a person, by themselves')
  assert.deepEqual(await violations(inside(page), tags), [])
  await ask(frame, '', '#composer')
  await see(frame.locator('#composer-error'), 'that a question is missing')
})

scene('another site may not embed the panel', { lang: 'fr', allow: /frame-ancestors|chrome-error|Refused to (frame|display)|violates the following/ }, async (page, { site }) => {
  const stranger = createServer((_, r) => r.setHeader('content-type', 'text/html').end(`<!doctype html><title>x</title><script>guichetSettings={lang:'fr'}</script><script src="${site.url}/widget.js"></script>`))
  await new Promise(resolve => stranger.listen(0, '127.0.0.1', resolve))
  try {
    site.strangers.add(`http://127.0.0.1:${stranger.address().port}`)
    await page.goto(`http://127.0.0.1:${stranger.address().port}/`)
    await page.locator('#launcher').click()
    await until(async () => page.frames().some(f => f.url().startsWith('chrome-error')), 'the frame refused')
    assert.equal(await page.frameLocator('guichet-widget iframe').locator('#ask').count(), 0)
  } finally {
    stranger.close()
  }
})
