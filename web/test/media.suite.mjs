// Readers who want no motion, have colours of their own, or print.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { ask, out, scene, see } from './harness.mjs'

const question = 'Combien de temps prend un remboursement ?'

/** moving names the elements that an animation or a transition moves. */
const moving = page => page.evaluate(() => [...document.querySelectorAll('*')].filter(e => {
  const s = getComputedStyle(e)
  const lasts = list => list.split(',').some(d => parseFloat(d) > 0)
  return (s.animationName !== 'none' && lasts(s.animationDuration)) || lasts(s.transitionDuration)
}).map(e => `${e.tagName.toLowerCase()}.${e.className}`))

scene('no motion where none is wanted', { lang: 'fr', motion: 'reduce' }, async page => {
  await page.goto('/fr')
  assert.deepEqual(await moving(page), [], 'nothing moves on the home page')
  // The answer is held back until the waiting page has been looked at.
  let go
  const looked = new Promise(resolve => { go = resolve })
  await page.route('**/api/v1/ask*', async route => {
    await looked
    await route.continue()
  })
  await page.locator('#ask-q').fill(question)
  await page.locator('#ask-q').press('Enter')
  await see(page.locator('#answer-progress'), 'that the assistant is looking')
  assert.equal(await page.locator('#answer').getAttribute('aria-busy'), 'true', 'screen readers wait for the whole answer')
  assert.deepEqual(await moving(page), [], 'nothing moves while the assistant is looking')
  await page.screenshot({ path: join(out, 'answer-waiting-fr-1280-light.png') })
  go()
  await see(page.locator('#answer[data-outcome="answered"]'), 'the answer')
  assert.deepEqual(await moving(page), [], 'nothing moves in the answer')
})

scene('colours of the reader’s own', { lang: 'fr' }, async (page, { site }) => {
  await page.emulateMedia({ forcedColors: 'active' })
  const a = await ask(site, 'fr', question)
  for (const [name, path] of Object.entries({ home: '/fr', answer: `/fr/answers/${a.id}`, request: '/fr/requests/new' })) {
    await page.goto(path)
    assert.ok(await page.evaluate(() => matchMedia('(forced-colors: active)').matches), 'the browser forces colours')
    const bare = await page.evaluate(() => [...document.querySelectorAll('.button, input:not([type=hidden]), textarea, select')]
      .filter(e => e.checkVisibility())
      .filter(e => [e, e.closest('.ask-box')].every(x => !x || getComputedStyle(x).borderTopStyle === 'none' || parseFloat(getComputedStyle(x).borderTopWidth) === 0))
      .map(e => `${e.tagName.toLowerCase()}#${e.id}`))
    assert.deepEqual(bare, [], `on ${name}, what acts has an edge that does not depend on its colour`)
    await page.screenshot({ path: join(out, `${name}-fr-1280-forced.png`), fullPage: true })
  }
})

scene('an article on paper', { lang: 'fr' }, async page => {
  await page.goto('/fr/articles/quel-delai-pour-quoi')
  await page.emulateMedia({ media: 'print' })
  await see(page.locator('article h1'), 'the title on paper')
  await see(page.locator('.prose table'), 'the text on paper')
  for (const chrome of ['.top', 'footer.bottom', '.feedback', '.strip', '.toc-side', '.to-top']) {
    assert.equal(await page.locator(`${chrome}:visible`).count(), 0, `${chrome} is not printed`)
  }
  const [text, sheet] = await page.evaluate(() => [document.querySelector('.prose p').getBoundingClientRect().width, innerWidth])
  assert.ok(text > sheet * 0.8, `the text takes the sheet's width, not ${Math.round(text)} of ${sheet} px`)
  await page.screenshot({ path: join(out, 'article-fr-print.png'), fullPage: true })
})
