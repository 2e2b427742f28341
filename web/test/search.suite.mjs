// Search while one types: by keyboard, in the dialog of pages without a box, without scripts.
import assert from 'node:assert/strict'
import { main, scene, see, word } from './harness.mjs'

const question = 'Combien de temps prend un remboursement ?'
const focused = page => page.evaluate(() => document.activeElement?.id)
const active = page => page.locator('#ask-q, #find-q').first().getAttribute('aria-activedescendant')

scene('articles while one types', { lang: 'fr' }, async page => {
  await page.goto('/fr')
  const box = page.locator('#ask-q')
  await box.pressSequentially('rembours', { delay: 15 })
  await see(page.locator('.ask-row q', { hasText: /^rembours$/ }), 'the list for all that was typed')
  const first = page.locator('.option', { hasText: 'Demander un remboursement' })
  await see(first, 'the article before its word is whole')
  assert.equal(await first.locator('mark').first().innerText(), 'remboursement', 'the word that matches is marked')
  assert.equal(await box.getAttribute('aria-expanded'), 'true', 'the box says that its list is open')
  assert.match(await page.locator('.suggest [role=status]').textContent(), /\d articles? trouvés?/, 'how many is announced')
  assert.equal(await active(page), null, 'nothing is chosen')
  const heights = await page.locator('.option').evaluateAll(rows => rows.map(r => r.getBoundingClientRect().height))
  assert.ok(heights.every(h => h >= 44), `rows are easy to press: ${heights}`)

  // The arrows walk through the list and, past its ends, back to the box.
  await page.keyboard.press('ArrowDown')
  assert.equal(await active(page), await page.locator('.option').first().getAttribute('id'), 'down: the first row')
  await page.keyboard.press('ArrowUp')
  assert.equal(await active(page), null, 'up again: the box')
  await page.keyboard.press('ArrowUp')
  assert.equal(await active(page), await page.locator('.ask-row').getAttribute('id'), 'up from the box: the last row, the assistant')
  assert.equal(await focused(page), 'ask-q', 'the focus never leaves the box')
  await page.keyboard.press('Escape')
  assert.equal(await page.locator('.option:visible').count(), 0, 'Escape closes the list')
  assert.equal(await box.inputValue(), 'rembours', 'and leaves what was typed')
  await page.keyboard.press('ArrowDown')
  await see(first, 'the list again')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/fr/articles/**')
})

scene('the last row asks the assistant', { lang: 'fr' }, async page => {
  await page.goto('/fr')
  await page.locator('#ask-q').pressSequentially(question)
  await see(page.locator('.ask-row', { hasText: question }), '« Demander à l’assistant »')
  await page.locator('.ask-row').click()
  await see(page.locator('#answer[data-outcome="answered"]'), 'the answer')
  await page.waitForURL('**/fr/answers/*')
  assert.equal(await page.locator('.option:visible').count(), 0, 'the list is gone')

  // The box that came with the answer is one like the first; Enter alone asks too.
  await page.locator('#ask-q').fill('')
  await page.locator('#ask-q').pressSequentially('Comment annuler une comm', { delay: 5 })
  await see(page.locator('.option', { hasText: 'Annuler une commande' }), 'articles below the second box')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/fr/answers/*')
  await see(page.locator('#question', { hasText: 'Comment annuler une comm' }), 'what was typed, asked')
})

scene('the shortcuts', { lang: 'fr' }, async page => {
  await page.goto('/fr')
  await page.keyboard.press('/')
  assert.equal(await focused(page), 'ask-q', '/ leads to the box')
  assert.equal(await page.locator('#ask-q').inputValue(), '', 'and is not typed into it')
  await page.keyboard.type('1/2')
  assert.equal(await page.locator('#ask-q').inputValue(), '1/2', 'in the box it is a character')
  await page.keyboard.press('Escape')
  await page.locator('h1').click()
  await page.keyboard.press('Control+k')
  assert.equal(await focused(page), 'ask-q', 'Ctrl K leads there too')

  // WCAG 2.1.4: a shortcut of one key can be turned off.
  await page.goto('/fr/articles/quel-delai-pour-quoi')
  await page.locator('#slash').click()
  await see(page.locator('#slash', { hasText: await word('fr', 'search.slash_off') }), 'that / is off')
  await page.locator('h1').click()
  await page.keyboard.press('/')
  assert.equal(await page.locator('#search-dialog').isVisible(), false, '/ does nothing any more')
  await page.reload()
  await page.keyboard.press('/')
  assert.equal(await page.locator('#search-dialog').isVisible(), false, 'after a reload neither')
  await page.keyboard.press('Control+k')
  await see(page.locator('#find-q'), 'Ctrl K still opens the search')
})

scene('the search dialog', { lang: 'fr', width: 360 }, async page => {
  await page.goto('/fr/articles/quel-delai-pour-quoi')
  await page.locator('#open-search').focus()
  await page.keyboard.press('Enter')
  await see(page.locator('#find-q'), 'a box')
  assert.equal(await focused(page), 'find-q', 'the box waits for words')
  await page.keyboard.press('Enter')
  assert.ok(page.url().endsWith('quel-delai-pour-quoi'), 'nothing typed asks nothing')
  await page.keyboard.type('annuler', { delay: 10 })
  await see(page.locator('.option', { hasText: 'Annuler une commande' }), 'articles in the dialog')
  const row = await page.locator('.option').first().boundingBox()
  assert.ok(row.x >= 0 && row.x + row.width <= 360, 'within the phone’s width')
  await page.keyboard.press('Escape')
  await page.locator('.option').first().waitFor({ state: 'hidden' })
  assert.ok(await page.locator('#search-dialog').isVisible(), 'the first Escape closes the list')
  await page.keyboard.press('Escape')
  await page.locator('#search-dialog').waitFor({ state: 'hidden' })
  assert.equal(await focused(page), 'open-search', 'the second one the dialog, and the focus is back where it was')
  await page.keyboard.press('Control+k')
  await page.locator('#find-q').fill(question)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/fr/answers/*')
  await see(page.locator('#answer'), 'the answer')
})

scene('no search while a word is composed', { lang: 'zh' }, async page => {
  const asked = []
  page.on('request', r => { if (r.url().includes('/api/v1/search')) asked.push(r.url()) })
  await page.goto('/zh')
  await page.locator('#ask-q').focus()
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Input.imeSetComposition', { text: 'tui', selectionStart: 3, selectionEnd: 3 })
  await page.waitForFunction(() => document.getElementById('ask-q').value === 'tui')
  await page.locator('#ask-q').dispatchEvent('keydown', { key: 'Enter', keyCode: 229, isComposing: true })
  assert.ok(page.url().endsWith('/zh'), 'Enter takes the candidate, and asks nothing')
  await cdp.send('Input.insertText', { text: '退款' })
  await see(page.locator('.option'), 'articles, once the word stands')
  assert.ok(asked.every(u => !u.includes('tui')), 'letters on their way to a word are not searched for')
})

scene('the last thing typed wins', { lang: 'fr' }, async page => {
  await page.goto('/fr')
  let release
  const held = new Promise(resolve => { release = resolve })
  await page.route('**/api/v1/search?q=comm&*', async route => {
    await held
    await route.continue().catch(() => {}) // the page has given it up
  })
  await page.locator('#ask-q').pressSequentially('comm')
  await page.waitForRequest('**/api/v1/search?q=comm&*')
  await page.locator('#ask-q').fill('rembours')
  await see(page.locator('.option', { hasText: 'Demander un remboursement' }), 'what was typed last')
  release()
  await page.unrouteAll({ behavior: 'wait' })
  await see(page.locator('.ask-row', { hasText: 'rembours' }), 'still what was typed last')
})

scene('search without JavaScript', { lang: 'fr', scripts: false }, async page => {
  await page.goto('/fr/articles/quel-delai-pour-quoi')
  await page.locator('#open-search').click()
  await page.waitForURL('**/fr/search')
  await see(page.locator('#search-q'), 'the page that searches')
  assert.equal(await page.locator('#slash').isVisible(), false, 'no word of a shortcut that is none')
  await page.locator('#search-q').fill('remboursement')
  await page.keyboard.press('Enter')
  await see(page.locator('.hit'), 'articles')
})

scene('typing costs no questions', { lang: 'fr' }, async page => {
  const site = await main()
  await page.goto('/fr')
  const statuses = await page.evaluate(async () => {
    const out = []
    for (let i = 0; i < 40; i++) out.push((await fetch(`/api/v1/search?typing=1&lang=fr&q=rembours${i % 7}`)).status)
    return out
  })
  assert.deepEqual([...new Set(statuses)], [200], 'forty searches in a row, more than the burst of questions')
  await page.locator('#ask-q').fill(question)
  await page.keyboard.press('Enter')
  await see(page.locator('#answer[data-outcome]'), `an answer all the same at ${site.url}`)
})
