// A conversation on the sample shop's widget, in French and in Chinese: a question, what goes on from
// it, what nobody knows, what could mean several things, and the wish for a person.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { sideways, tags, violations } from './audit.mjs'
import { out, said, scene, see, until, word } from './harness.mjs'

const part = name => `[data-part="${name}"]`
const inside = page => page.frames().find(f => f.url().includes('/panel'))

const talks = {
  fr: {
    question: 'Combien de temps prend un remboursement ?', then: 'et pour un abonnement ?', about: /abonnement/i,
    unknown: 'Quelle est la capitale de la Mongolie ?', vague: ['vendeur', 'ticket', 'preuves', 'acheteur', 'documents', 'ticket répondre'],
    wish: 'je veux parler à quelqu’un', thanks: 'merci beaucoup',
  },
  zh: {
    question: '退款要多久？', then: '那订阅呢？', about: /订阅/,
    unknown: '蒙古的首都是哪里？', vague: ['如何提交', '文件', '准备', '电子邮件', '书面', '退款类别'], wish: '转人工', thanks: '谢谢',
  },
}

/** ambiguous is the first of some short questions that is asked back. */
async function ambiguous(site, lang, all) {
  for (const text of all) {
    const r = await fetch(`${site.url}/api/v1/ask`, { method: 'POST', body: JSON.stringify({ lang, text }) })
    const a = await r.json()
    if (a.outcome === 'clarify') return text
  }
  assert.fail(`none of ${all.join(', ')} is asked back`)
}

for (const [lang, talk] of Object.entries(talks)) {
  scene(`a conversation in ${lang}`, { lang, width: 420, height: 860, timeout: 240_000 }, async (page, { site }) => {
    await page.goto(`${site.shop}/?lang=${lang}`)
    await page.locator('#launcher').click()
    const frame = page.frameLocator('guichet-widget iframe')
    const first = frame.locator('#ask')
    await see(first, 'the box to ask in')
    await see(frame.locator('.ai', { hasText: await word(lang, 'answer.assistant') }), 'that a machine answers, before the first question')

    const shown = name => page.screenshot({ path: join(out, `talk-${lang}-${name}.png`) })
    let asked = 0
    const say = async (text, outcome, reason = '') => {
      const box = asked++ ? frame.locator('#composer') : first
      await box.fill(text)
      await box.press('Enter')
      const of = frame.locator(part('answer'))
      await until(async () => await of.count() >= asked, `an answer to « ${text} »`)
      const answer = of.nth(asked - 1)
      await see(answer, `the answer to « ${text} »`)
      assert.equal(await answer.getAttribute('data-outcome'), outcome, text)
      assert.equal(await answer.getAttribute('data-handoff') ?? '', reason, text)
      await see(answer.locator('.by', { hasText: await word(lang, 'answer.assistant') }), 'that a machine has written it')
      await until(async () => await frame.locator('#log').getAttribute('aria-busy') === null, 'the end of it')
      return of.nth(asked - 1)
    }

    await say(talk.question, 'answered')
    const then = await say(talk.then, 'answered')
    assert.match(await said(then), talk.about, 'what goes on is about both')
    await shown('follow-up')

    const unknown = await say(talk.unknown, 'unknown')
    await see(unknown.locator(part('channel')), 'the way to a person')
    await shown('unknown')

    const asks = await say(await ambiguous(site, lang, talk.vague), 'clarify')
    const choices = asks.locator(part('choice'))
    assert.ok([2, 3].includes(await choices.count()), 'two or three readings')
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the choices')
    await shown('clarify')
    asked++
    await choices.first().click()
    await until(async () => await frame.locator(`${part('answer')}[data-outcome]`).count() >= asked, 'the answer to the reading')
    assert.notEqual(await frame.locator(part('answer')).nth(asked - 1).getAttribute('data-outcome'), 'clarify', 'nobody is asked twice')
    await until(async () => await frame.locator('#log').getAttribute('aria-busy') === null, 'the end of it')

    await say(talk.thanks, 'unknown')
    assert.ok((await said(frame.locator(part('answer')).nth(asked - 1))).includes(await word(lang, 'courtesy.thanks')), 'thanks are no question')
    const wish = await say(talk.wish, 'unknown', 'asked')
    assert.ok((await said(wish)).includes(await word(lang, 'handoff.asked')), 'the wish is heard')
    await see(wish.locator(`${part('channel')}[data-state="open"]`), 'an open way to a person')
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing at the wish')
    assert.equal(await sideways(inside(page)), '', 'nothing runs over the edge')
    await shown('wish')
  })
}

const quick = {
  fr: ['Bonjour', 'mon remboursement', 'combien de temps'],
  zh: ['您好', '我的退款', '要多久'],
}

for (const [lang, messages] of Object.entries(quick)) {
  scene(`quick messages in ${lang}`, { lang, width: 420, height: 860, timeout: 120_000 }, async (page, { site }) => {
    await page.goto(`${site.shop}/?lang=${lang}`)
    await page.locator('#launcher').click()
    const frame = page.frameLocator('guichet-widget iframe')
    await see(frame.locator('.hint', { hasText: await word(lang, 'ask.hint') }), 'that a machine answers, before the first question')
    const box = frame.locator('#composer')
    for (const [i, text] of messages.entries()) {
      const into = i ? box : frame.locator('#ask')
      await into.fill(text)
      await into.press('Enter')
      await see(frame.locator(part('question'), { hasText: text }), `« ${text} » in the conversation, while the one before is answered`)
    }
    const answers = frame.locator(`${part('answer')}[data-outcome]`)
    await see(answers, 'the answer')
    await until(async () => await frame.locator('#log').getAttribute('aria-busy') === null, 'the end of it')
    assert.equal(await answers.count(), 1, 'one answer to all of them')
    assert.deepEqual(await frame.locator(part('question')).allTextContents(), messages, 'each message once, in its order')
    assert.equal(await answers.getAttribute('data-outcome'), 'answered', 'they were read as one question')
    await see(answers.locator('.by', { hasText: await word(lang, 'answer.assistant') }), 'that a machine has written it')
    assert.deepEqual(await violations(inside(page), tags), [], 'axe finds nothing')
    await page.screenshot({ path: join(out, `talk-${lang}-quick.png`) })
    await page.reload()
    await page.locator('#launcher').click()
    await frame.locator(part('recent')).first().click()
    await until(async () => await frame.locator(part('question')).count() === 3, 'the three messages after a reload')
    assert.equal(await frame.locator(`${part('answer')}[data-outcome]`).count(), 1, 'and their one answer')
  })

  scene(`the assistant says what it is in ${lang}`, { lang }, async (page, { site }) => {
    await page.goto(`${site.url}/${lang}/ask`)
    await see(page.locator('.ask-hint', { hasText: await word(lang, 'ask.hint') }), 'that a machine answers, before the first question')
    await page.goto(`${site.url}/${lang}/ask?q=${encodeURIComponent(talks[lang].question)}`)
    await see(page.locator('#answer .by', { hasText: await word(lang, 'answer.assistant') }), 'that a machine has written it')
    await page.goto(`${site.url}/${lang}/ask?q=${encodeURIComponent(talks[lang].thanks)}`)
    await see(page.locator('#answer .by', { hasText: await word(lang, 'answer.assistant') }), 'that a machine has written thanks too')
  })
}

scene('the wish for a person on the page', { lang: 'fr' }, async (page, { site }) => {
  await page.goto(`${site.url}/fr/ask?q=${encodeURIComponent('Mon compte a été piraté')}`)
  await see(page.locator('[data-handoff="fraud"]', { hasText: (await word('fr', 'handoff.fraud')).slice(0, 20) }), 'why a person comes first')
  await see(page.locator('#talk'), 'the way to a person')
  assert.deepEqual(await violations(page, tags), [], 'axe finds nothing')
  await page.screenshot({ path: join(out, 'talk-page-fraud.png'), fullPage: true })
})
