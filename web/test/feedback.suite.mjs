// Feedback on answers and articles: with and without scripts, changeable, and what staff see of it.
import assert from 'node:assert/strict'
import { ask, scene, see, staffCookies, visit, word } from './harness.mjs'

const question = 'Combien de temps prend un remboursement ?'
const comment = 'Il manque <le cas> des paiements en trois fois.'

/** vote says no with a reason and a comment, then looks again and changes to yes. */
async function vote(page, scripts) {
  const url = page.url()
  await page.locator('#feedback-no').click()
  await see(page.locator('#feedback-comment'), 'what may be added')
  assert.equal(await page.locator('.check').count(), 4, 'four reasons')
  if (scripts) {
    assert.equal(page.url(), url, 'the page has stayed where it was')
    assert.equal(await page.evaluate(() => document.activeElement?.name), 'reason', 'the first reason has the focus')
  }
  await page.locator('.check', { hasText: await word('fr', 'feedback.reason.incomplete') }).click()
  await page.locator('.check', { hasText: await word('fr', 'feedback.reason.off_topic') }).click()
  await page.locator('#feedback-comment').fill('x'.repeat(2001))
  await page.locator('#feedback-send').click()
  await see(page.locator('#feedback-error', { hasText: '2' }), 'that the comment is too long')
  assert.equal(await page.locator('.check input:checked').count(), 2, 'the reasons are still chosen')
  await page.locator('#feedback-comment').fill(comment)
  await page.locator('#feedback-send').click()
  await see(page.locator('.thanks', { hasText: await word('fr', 'feedback.thanks') }), 'thanks')
  if (scripts) assert.equal(await page.locator('#live').textContent(), await word('fr', 'feedback.thanks'), 'said to screen readers')

  await page.goto(url)
  await see(page.locator('.thanks', { hasText: await word('fr', 'feedback.said.no') }), 'what was said before')
  await page.locator('#feedback-change').click()
  await page.locator('#feedback-no').click()
  await see(page.locator('#feedback-comment'), 'the form again')
  assert.equal(await page.locator('#feedback-comment').inputValue(), comment, 'with the comment')
  assert.equal(await page.locator('.check input:checked').count(), 2, 'and the reasons')
  await page.locator('#feedback-send').click()
  await see(page.locator('#feedback-change'), '« Modifier mon avis »')
}

for (const scripts of [true, false]) {
  scene(`feedback on an answer ${scripts ? 'in place' : 'without JavaScript'}`, { lang: 'fr', scripts }, async (page, { site }) => {
    const a = await ask(site, 'fr', `${question} (${scripts})`)
    await page.goto(`/fr/answers/${a.id}`)
    await see(page.locator('#feedback', { hasText: await word('fr', 'feedback.question_answer') }), 'the question whether it helped')
    await vote(page, scripts)

    const { page: desk, context, check } = await visit(site, { lang: 'fr', cookies: await staffCookies(site) })
    await desk.goto('/desk/feedback')
    const row = desk.locator('.vote', { has: desk.locator(`a[href="/fr/answers/${a.id}"]`) })
    await see(row, 'what was said, among the staff’s lists')
    assert.equal(await row.count(), 1, 'once, however often it was changed')
    for (const text of [comment, question, await word('fr', 'feedback.reason.incomplete'), await word('fr', 'desk.outcome.answered')]) {
      assert.ok((await row.innerText()).includes(text), `the row says « ${text} »`)
    }
    assert.ok(await row.locator('a[href^="/fr/articles/"]').count(), 'a way to the article that was cited')
    await desk.locator('#said-yes').click()
    assert.equal(await row.count(), 0, 'a no is not among the helpful ones')

    await page.locator('#feedback-change').click()
    await page.locator('#feedback-yes').click()
    await see(page.locator('.thanks'), 'thanks')
    await desk.reload()
    await see(row, 'the changed mind')
    check()
    await context.close()
  })

  scene(`feedback on an article is changed ${scripts ? 'in place' : 'without JavaScript'}`, { lang: 'fr', scripts }, async page => {
    await page.goto('/fr/articles/quel-delai-pour-quoi')
    await page.locator('#feedback-no').click()
    await page.locator('#feedback-comment').fill(comment)
    await page.locator('#feedback-send').click()
    await page.locator('#feedback-change').click()
    await page.locator('#feedback-no').click()
    await see(page.locator('#feedback-comment'), 'the form again')
    assert.equal(await page.locator('#feedback-comment').inputValue(), comment, 'with the comment that was there')
    await page.locator('#feedback-send').click()
    await page.locator('#feedback-change').click()
    await page.locator('#feedback-yes').click()
    await see(page.locator('.thanks'), 'thanks for the changed mind')
    await page.goto('/fr/articles/quel-delai-pour-quoi')
    await see(page.locator('.thanks', { hasText: await word('fr', 'feedback.said.yes') }), 'what was said last')
  })
}

scene('an answer that has just come asks whether it helped', { lang: 'fr' }, async page => {
  await page.goto('/fr')
  await page.locator('#ask-q').fill(question)
  await page.keyboard.press('Enter')
  await see(page.locator('#feedback-yes'), 'yes or no')
  await page.locator('#feedback-yes').click()
  await see(page.locator('.thanks'), 'thanks')
  await page.waitForURL('**/fr/answers/*')
})

scene('the list of feedback is for staff', { lang: 'fr' }, async page => {
  const r = await page.goto('/desk/feedback')
  assert.equal(r.status(), 401, 'a guest is asked to sign in')
})
