// The whole path of a member and an agent, in French and in Polish: question, cited answer, request,
// mail, proof, reply, reply, solved.
import assert from 'node:assert/strict'
import { inView, said, scene, see, visit, word } from './harness.mjs'

const stories = {
  fr: {
    question: 'Combien de temps prend un remboursement ?', fact: '7 à 14 jours', quoted: /7 à 14 jours/,
    more: 'Le colis Zébulon-4711 est arrivé cassé.', email: 'zoe.martin@example.org',
    reply: 'Nous avons remboursé votre commande ce matin.', thanks: 'Merci, je vois le virement Zébulon.',
  },
  pl: {
    question: 'Jak długo czeka się na zwrot pieniędzy?', fact: 'od 7 do 14 dni', quoted: /od 7 do 14 dni/,
    more: 'Paczka Gżegżółka-4711 przyszła uszkodzona.', email: 'lukasz.wisniewski@example.org',
    reply: 'Dziś rano zwróciliśmy pieniądze za zamówienie.', thanks: 'Dziękuję, widzę przelew Gżegżółka.',
  },
}

/** onceAnswered waits for the finished answer. */
export async function onceAnswered(page, outcome, lang) {
  await see(page.locator(`#answer[data-outcome="${outcome}"]`), `an answer whose outcome is ${outcome}`)
  await page.waitForURL(new RegExp(`/${lang}/answers/[0-9a-f-]{36}(#.*)?$`))
}

for (const [lang, story] of Object.entries(stories)) {
  scene(`the whole path in ${lang}`, { lang, motion: 'no-preference', timeout: 240_000 }, async (page, { context, site }) => {
    // Ask. What the page shows on the way is noted by an observer, because it may last milliseconds.
    await page.addInitScript(() => {
      addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
        if (document.querySelector('#answer[aria-busy="true"]')) window.sawBusy = true
        const shown = document.querySelector('#answer[aria-busy="true"] #answer-text')?.textContent?.trim()
        if (shown) window.sawStream = true
      }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true }))
    })
    await page.goto(`/${lang}`)
    await page.locator('#ask-q').fill(story.question)
    const asked = page.waitForRequest(r => new URL(r.url()).pathname === '/api/v1/ask')
    await page.locator('#ask-q').press('Enter')
    assert.match((await asked).headers().accept, /text\/event-stream/, 'the answer comes sentence by sentence')
    await onceAnswered(page, 'answered', lang)
    assert.ok(await page.evaluate(() => window.sawBusy), 'a person sees at once that the assistant is looking')
    assert.ok(await page.evaluate(() => window.sawStream), 'a person reads the first sentence before the answer is whole')
    assert.equal(await said(page.locator('#question')), story.question.replace(/\s+/g, ' '), 'the question stands above the answer')
    assert.ok((await said(page.locator('#answer-text'))).includes(story.fact), `the answer says « ${story.fact} »`)
    assert.equal(await page.locator('#answer-progress').count(), 0, 'nothing says any more that the assistant is looking')
    const whole = await said(page.locator('#answer'))
    await page.reload()
    assert.equal(await said(page.locator('#answer')), whole, 'a reload shows the same answer')

    // The number leads to the card of its source, the card to the article with the sentence marked.
    const mark = page.locator('#answer-text sup a').first()
    const card = page.locator(await mark.getAttribute('href'))
    await page.evaluate(() => { window.stays = true })
    await mark.click()
    await inView(card, 'the card of the source that the number names')
    assert.ok(await page.evaluate(() => window.stays), 'the page is not loaded anew for that')
    const factual = page.locator('.source', { hasText: story.quoted }).first()
    await see(factual, `a source whose quote holds « ${story.fact} »`)
    const quote = await said(factual.locator('blockquote'))
    await factual.locator('a').first().click()
    await page.waitForURL(/[?&]cite=/)
    await inView(page.locator('article mark'), 'the quoted sentence marked in the article')
    const marked = (await page.locator('article mark').allInnerTexts()).join(' ').replace(/\s+/g, ' ')
    assert.ok(marked.includes(story.fact), `the marked sentence is the quoted one: « ${marked} » for « ${quote} »`)
    await see(page.locator('article .notice'), 'a notice that the sentence comes from the answer')
    await page.goBack()
    await onceAnswered(page, 'answered', lang)

    // To a person: nothing is asked twice, nothing typed is lost.
    await see(page.locator('#talk', { hasText: await word(lang, 'answer.talk') }), 'the way to a person under the answer')
    await page.locator('#talk').click()
    await page.waitForURL(/\/requests\/new\?answer=/)
    await see(page.locator('.carried', { hasText: story.question }), 'the question carried along')
    await page.locator('.carried summary').click()
    await see(page.locator('.carried details', { hasText: story.fact }), 'the answer carried along')
    assert.ok((await page.locator('#text').inputValue()).includes(story.question.trim()), 'the message begins with the question')
    const text = `${story.question}\n${story.more}`
    await page.locator('#text').fill(text)
    await page.locator('#category').selectOption('refund')
    await page.locator('#email').fill('zoe@')
    await page.locator('#send').click()
    await see(page.locator('#email-error', { hasText: await word(lang, 'problem.email') }), 'what is wrong, at the address')
    assert.equal(await page.locator('#email').getAttribute('aria-invalid'), 'true', 'the address is marked as wrong')
    assert.equal(await page.locator('#email').inputValue(), 'zoe@', 'the wrong address is still there to be mended')
    assert.equal(await page.locator('#text').inputValue(), text, 'the message is still there')
    assert.equal(await page.locator('#category').inputValue(), 'refund', 'the category is still chosen')
    await see(page.locator('.carried', { hasText: story.question }), 'the question still carried along')

    // Sent, twice at once: one ticket, held until the address is proven.
    await page.locator('#email').fill(story.email)
    await page.locator('#send').dblclick()
    await see(page.locator('#held', { hasText: story.email }), 'that a mail is on its way to their address')
    assert.match(page.url(), new RegExp(`/${lang}/requests/[^/?]{20,}`), 'the page of the request has an address of its own')
    const ref = await said(page.locator('#ref'))
    assert.match(ref, /^G-[0-9A-HJKMNP-TV-Z]{5}$/, 'a reference that can be read out')
    await see(page.locator('.thread .entry.assistant', { hasText: story.fact }), 'the assistant’s answer in the thread')
    await see(page.locator('.thread .entry.member', { hasText: story.more }), 'their message in the thread')

    const mail = await site.inbox.nth(story.email, 1)
    assert.equal(mail.headers['Content-Language']?.[0], lang, 'the mail is in their language')
    assert.ok(mail.text.includes(await word(lang, 'mail.confirmation.held')), 'the mail says what to do')
    assert.ok(mail.subject.includes(ref), 'the mail’s subject names the reference')
    assert.equal(mail.headers['Auto-Submitted']?.[0], 'auto-replied', 'robots are asked not to answer the mail')
    const letter = JSON.stringify(mail)
    for (const own of [story.question, story.more, '4711', 'Zébulon', 'Gżegżółka']) {
      assert.ok(!letter.includes(own), `the mail holds nothing that the member wrote, but it holds « ${own} »`)
    }
    const [link] = mail.links
    assert.ok(link.startsWith(`${site.url}/${lang}/requests/`), `the mail leads to the help center: ${link}`)
    assert.deepEqual(new Set(mail.links), new Set([link]), 'the mail has one link, in both of its parts')

    // Opening the link proves nothing: mail scanners open links too. The button does.
    const late = await context.newPage() // left open meanwhile, with a button that will be used up
    await late.goto(link)
    await page.goto(link)
    await see(page.locator('#prove'), 'the button that proves the address')
    await page.locator('#prove').click()
    await see(page.locator('#notice', { hasText: await word(lang, 'ticket.notice.proven') }), 'that the address is confirmed')
    await see(page.locator('.promise'), 'by when the answer comes')
    await see(page.locator('.ticket-head .status.received', { hasText: await word(lang, 'status.received') }), 'the status in their words')
    assert.equal(await page.locator('#held').count(), 0, 'nothing says any more that the request waits')
    await late.locator('#prove').click()
    await see(late.locator('#notice'), 'that the address is confirmed already')
    assert.equal(await said(late.locator('#ref')), ref, 'a button used twice still shows the request')
    await late.close()
    await page.goto(link)
    await see(page.locator('#ref', { hasText: ref }), 'the request behind the old link')
    assert.equal(await page.locator('#prove').count(), 0, 'there is nothing left to prove')

    // An agent answers.
    const desk = await visit(site, { lang })
    await desk.page.goto(lang === 'fr' ? site.adminLink : await site.signInLink())
    const signIn = desk.page.url()
    await desk.page.locator('#sign-in').click()
    await desk.page.waitForURL('**/desk')
    const row = desk.page.locator('tr', { hasText: story.email })
    await see(row, 'the request in the list')
    await desk.page.goto('/desk?view=all')
    assert.equal(await row.count(), 1, 'two presses made one ticket')
    assert.ok((await said(row)).includes(ref), 'the list names the reference')
    await row.locator('a').click()
    await see(desk.page.locator('.thread .entry.member', { hasText: story.more }), 'the member’s message')
    await see(desk.page.locator('.thread .entry.assistant', { hasText: story.fact }), 'what the assistant said')
    await see(desk.page.locator('.facts .status.solved'), 'that the address is confirmed')
    await desk.page.locator('#note').fill('Interne : Pluton-99')
    await desk.page.locator('#note-send').click()
    await see(desk.page.locator('.entry.note', { hasText: 'Pluton-99' }), 'the internal note')
    await desk.page.locator('#text').fill(story.reply)
    await desk.page.locator('#reply').click()
    await see(desk.page.locator('#notice'), 'that the reply is sent')
    await see(desk.page.locator('.thread .entry.agent', { hasText: story.reply }), 'the reply in the thread')

    // The member reads it, writes back, is content.
    const second = await site.inbox.nth(story.email, 2)
    assert.equal(second.headers['Content-Language']?.[0], lang, 'the mail of the reply is in their language')
    assert.equal(second.headers['Auto-Submitted']?.[0], 'auto-generated', 'robots are asked not to answer it')
    assert.ok(second.text.includes(story.reply), 'the mail brings the reply')
    for (const own of [story.more, 'Pluton']) assert.ok(!JSON.stringify(second).includes(own), `the mail does not hold « ${own} »`)
    await page.goto(second.links[0])
    await see(page.locator('.thread .entry.agent', { hasText: story.reply }), 'the reply on the page')
    await see(page.locator('.ticket-head .status.waiting'), 'that the team waits for them')
    assert.ok(!(await page.content()).includes('Pluton'), 'no internal note shows')
    await page.locator('#text').fill(story.thanks)
    await page.locator('#reply').dblclick()
    await see(page.locator('#notice', { hasText: await word(lang, 'ticket.notice.sent') }), 'that their message is sent')
    assert.equal(await page.locator('.thread .entry.member', { hasText: story.thanks }).count(), 1, 'two presses made one message')
    await see(page.locator('.ticket-head .status.in_progress'), 'that the request is being worked on')
    await page.locator('#solved').click()
    await see(page.locator('.ticket-head .status.solved', { hasText: await word(lang, 'status.solved') }), 'that the request is solved')
    assert.equal(await page.locator('#solved').count(), 0, 'a solved request is not solved again')

    await desk.page.reload()
    await see(desk.page.locator('.thread .entry.member', { hasText: story.thanks }), 'the member’s answer at the desk')
    await see(desk.page.locator('.ticket-head .status.solved'), 'that the member calls it solved')
    assert.equal(site.inbox.all(story.email).length, 2, 'one mail for each thing that happened')

    // A sign-in link works once.
    await desk.page.locator('#sign-out').click()
    await see(desk.page.locator('.command'), 'how to get another link, once signed out')
    await desk.page.goto(signIn)
    await desk.page.locator('#sign-in').click()
    await see(desk.page.locator('.error-page h1'), 'that the link is used up')
    await desk.page.goto('/desk')
    await see(desk.page.locator('.command'), 'that they are not signed in')
    desk.check()
    await desk.context.close()
  })
}

const beyond = { fr: 'Quelle est la capitale du Pérou ?', pl: 'Jaka jest stolica Peru?' }

for (const [lang, question] of Object.entries(beyond)) {
  scene(`a question beyond the articles in ${lang}`, { lang }, async page => {
    await page.goto(`/${lang}`)
    await page.locator('#ask-q').fill(question)
    await page.locator('#ask-submit').click()
    await onceAnswered(page, 'unknown', lang)
    await see(page.locator('#answer-text', { hasText: await word(lang, 'answer.unknown') }), '« je ne sais pas », plainly')
    assert.equal(await page.locator('.source').count(), 0, 'no article is cited for what it does not say')
    await inView(page.locator('.channels .channel #talk'), 'the e-mail card, open by itself')
    await page.locator('.channels #talk').click()
    await see(page.locator('.carried', { hasText: question }), 'the question carried to the form')
  })
}
