// Bad input: each mistake is said at its field, in the reader's language, and nothing typed is lost.
import assert from 'node:assert/strict'
import { network, request, said, scene, see, word } from './harness.mjs'

for (const scripts of [true, false]) {
  const how = scripts ? 'with' : 'without'

  scene(`an empty question ${how} scripts`, { lang: 'fr', scripts }, async page => {
    await page.goto('/fr')
    await page.locator('#ask-q').fill('   ')
    await page.locator('#ask-submit').click()
    await see(page.locator('#ask-error', { hasText: await word('fr', 'problem.text_missing') }), 'that there is no question yet')
    assert.equal(await page.locator('#ask-q').getAttribute('aria-invalid'), 'true', 'the field is marked')
  })

  scene(`a question that is too long ${how} scripts`, { lang: 'pl', scripts }, async page => {
    const long = 'zwrot '.repeat(scripts ? 16_700 : 400)
    await page.goto('/pl')
    await page.locator('#ask-q').fill(long)
    await page.locator('#ask-q').press('Enter')
    await see(page.locator('#ask-error'), 'that the question is too long')
    assert.match(await said(page.locator('#ask-error')), /2\s?000/, 'it says how long a question may be')
    assert.equal((await page.locator('#ask-q').inputValue()).trim(), long.trim(), 'every word of it is still there')
  })

  scene(`an empty request ${how} scripts`, { lang: 'pl', scripts }, async page => {
    await page.goto('/pl/requests/new')
    await page.locator('#send').click()
    await see(page.locator('#error-summary'), 'what is wrong, at the head of the form')
    for (const field of ['email', 'category', 'text']) {
      await see(page.locator(`#${field}-error`), `what is wrong, at ${field}`)
      assert.equal(await page.locator(`#${field}`).getAttribute('aria-invalid'), 'true', `${field} is marked`)
    }
    await page.waitForFunction(() => document.activeElement?.id === 'error-summary').catch(() => assert.fail('the focus is in the summary of mistakes'))
    await page.locator('#error-summary a[href="#text"]').click()
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'text', 'the summary leads to the field')
    assert.ok((await page.title()).startsWith((await word('pl', 'form.error_title', { title: '' })).trim().slice(0, 3)), 'the title says that there is a mistake')
  })
}

scene('a request of 100,000 characters', { lang: 'fr' }, async page => {
  const long = 'a'.repeat(99_990) + ' 10 lettres'
  await page.goto('/fr/requests/new')
  await page.locator('#email').fill('longue@example.org')
  await page.locator('#category').selectOption('other')
  await page.locator('#text').fill(long)
  await page.locator('#send').click()
  await see(page.locator('#text-error'), 'that the message is too long')
  assert.match(await said(page.locator('#text-error')), /20\s?000/, 'it says how long a message may be')
  assert.equal(await page.locator('#text').inputValue(), long, 'every letter of it is still there')
  assert.equal(await page.locator('#email').inputValue(), 'longue@example.org', 'the address is still there')
})

scene('a proof that is none', { lang: 'fr' }, async (page, { site }) => {
  const path = await request(site, 'fr', 'jeton@example.org', 'Un jeton abîmé.')
  await page.goto(`${path}?proof=abcdefghijklmnopqrstuvwxyz`)
  await page.locator('#prove').click()
  await see(page.locator('#error-summary'), 'that the link is not good')
  await see(page.locator('#ref'), 'the request all the same')
  await see(page.locator('#held'), 'that it still waits, and how to go on')
})

scene('an address that is corrected', { lang: 'fr' }, async (page, { site }) => {
  const path = await request(site, 'fr', 'faute@exemple.example', 'Mauvaise adresse.')
  await page.goto(path)
  await page.locator('#held summary').click()
  await page.locator('#email').fill('juste')
  await page.locator('#correct').click()
  await see(page.locator('#email-error'), 'what is wrong with the new address')
  assert.equal(await page.locator('#email').inputValue(), 'juste', 'the new address is still there to be mended')
  await page.locator('#email').fill('juste@exemple.example')
  await page.locator('#correct').click()
  await see(page.locator('#notice', { hasText: 'juste@exemple.example' }), 'where the mail goes now')
  const old = await site.inbox.nth('faute@exemple.example', 1)
  await site.inbox.nth('juste@exemple.example', 1)
  await page.goto(old.links[0])
  await page.locator('#prove').click()
  await see(page.locator('#error-summary'), 'that the mail to the wrong address proves nothing any more')
})

scene('links that open nothing', { lang: 'fr' }, async (page, { site }) => {
  for (const path of ['/fr/requests/nichts', '/fr/answers/00000000-0000-7000-8000-000000000000', '/fr/articles/rien', '/fr/collections/rien', '/fr/rien']) {
    const r = await page.goto(path)
    assert.equal(r.status(), 404, `${path} is not found`)
    await see(page.locator('.error-page h1'), `in French that ${path} does not exist`)
    assert.equal(await page.locator('html').getAttribute('lang'), 'fr', 'the page is in French')
    await see(page.locator('.error-page #ask-q'), 'a box to ask instead')
  }
  const r = await fetch(site.url + '/api/v1/ask', { method: 'POST', headers: network(), body: '{"text":' })
  assert.equal(r.status, 400, 'broken JSON is refused')
  assert.equal(r.headers.get('content-type').split(';')[0], 'application/problem+json', 'in the form of RFC 9457')
})
