// What admins decide, typed and pressed as they would, with and without scripts, on a guichet of its
// own: what it shows afterwards is nobody else's business.
import assert from 'node:assert/strict'
import { deflateSync } from 'node:zlib'
import { looker } from './audit.mjs'
import { memo, said, scene, see, serve, staffCookies, visit, word } from './harness.mjs'

const look = looker('settings')
const own = memo(() => serve({ GUICHET_STARTER: 'none', EMBEDDINGS_URL: 'off', SMTP_URL: '' }))
const fixed = memo(() => serve({ GUICHET_STARTER: 'none', EMBEDDINGS_URL: 'off', SMTP_URL: 'smtp://127.0.0.1:1?tls=none', GUICHET_SITE_NAME: 'Aide fixée', GUICHET_DEFAULT_LANG: 'fr', GUICHET_SITES: 'https://shop.example' }))
const lang = 'fr'
const warned = /status of 40[09]|Autofocus processing was blocked/

/** png is a picture of one colour, by hand: signature, header, pixels, end. */
function png(width, height) {
  const table = Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n >>> 0 })
  const crc = b => (b.reduce((c, x) => table[(c ^ x) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const frame = Buffer.alloc(8)
    frame.writeUInt32BE(data.length, 0)
    frame.writeUInt32BE(crc(body), 4)
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8) // eight bits of red, green and blue
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([120, 30, 90]))])
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(Array(height).fill(row)))), chunk('IEND', Buffer.alloc(0))])
}

for (const scripts of [true, false]) {
  scene(`an admin decides ${scripts ? 'with' : 'without'} scripts`, { site: own, lang, scripts, allow: warned }, async (page, { site, context }) => {
    await context.addCookies(await staffCookies(site))
    await page.goto('/desk')
    await page.locator('.desk-nav a', { hasText: await word(lang, 'desk.settings') }).click()
    if (scripts) await look(page, 'first')

    // Wrong fields, each with its word; nothing typed is lost.
    await page.locator('#name').fill('Aide de la Boutique')
    await page.locator('#logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: png(300, 100) })
    await page.locator('#sites').fill('https://shop.example\nhttp://autre.example')
    await page.locator('#accent').fill('jaune')
    await page.locator('#name').press('Enter') // the form's first button saves
    await see(page.locator('#error-summary a[href="#sites"]'), 'that a site is wrong')
    await see(page.locator('#sites-error', { hasText: '2' }), 'in which line')
    await see(page.locator('#accent-error'), 'that the colour is wrong')
    await see(page.locator('img.logo-now'), 'the logo that was sent')
    assert.equal(await page.locator('#name').inputValue(), 'Aide de la Boutique')
    if (scripts) await look(page, 'errors')
    await page.locator('#sites').fill('https://Shop.example/')

    // The colour is looked at before it is saved.
    await page.locator('#accent').fill('#ffd400')
    await page.locator('#show').click()
    await see(page.locator('.swatch.light', { hasText: await word(lang, 'desk.settings.darkened') }), 'that the colour was darkened')
    await see(page.locator('.swatch.dark', { hasText: await word(lang, 'desk.settings.as_chosen') }), 'that it stays in the dark')
    const button = page.locator('.swatch.dark .button')
    assert.equal(await button.evaluate(e => getComputedStyle(e).backgroundColor), 'rgb(255, 212, 0)', 'the sample has the colour')

    // A mail server that is not there.
    for (const [id, text] of [['smtp_host', '127.0.0.1'], ['smtp_port', '1'], ['smtp_user', 'aide'], ['smtp_password', 's3same'], ['test_to', 'moi@example.org']]) await page.locator('#' + id).fill(text)
    await page.locator('#smtp_security').selectOption('none')
    await page.locator('#test').click()
    await see(page.locator('#test-result', { hasText: await word(lang, 'desk.settings.test_refused') }), 'that nothing answers there')
    assert.ok(!(await page.content()).includes('s3same'), 'the password is nowhere in the page')
    assert.equal(await page.locator('#smtp_password').getAttribute('placeholder'), await word(lang, 'desk.settings.password_kept'))
    if (scripts) await look(page, 'tried')
    for (const id of ['smtp_host', 'smtp_port', 'smtp_user']) await page.locator('#' + id).fill('')

    // Saved, it shows everywhere.
    await page.locator('#privacy').fill('/fr/articles/vie-privee')
    for (const l of ['es', 'it', 'nl', 'de', 'zh', 'pt', 'pl']) await page.locator(`input[name=langs][value=${l}]`).uncheck()
    await page.locator('#save').click()
    await see(page.locator('#notice', { hasText: await word(lang, 'desk.settings.saved') }), 'that the settings are saved')
    assert.equal(await page.locator('#sites').inputValue(), 'https://shop.example', 'the site is written as browsers write it')
    const reader = await visit(site, { lang: 'pl', scripts, allow: warned })
    await reader.page.goto('/')
    assert.match(reader.page.url(), /\/en$/, 'a Polish reader is led to the default language')
    await reader.page.goto('/fr')
    await see(reader.page.locator('header img.logo[alt="Aide de la Boutique"]'), 'the logo')
    await see(reader.page.locator('footer a', { hasText: await word('fr', 'nav.privacy') }), 'the link to the privacy page')
    assert.equal(await reader.page.locator('#languages li').count(), 2, 'the switcher has two languages')
    const accent = () => reader.page.locator('.button.primary').first().evaluate(e => getComputedStyle(e).backgroundColor)
    assert.notEqual(await accent(), 'rgb(11, 107, 80)', 'buttons have the colour')
    if (scripts) {
      await look(reader.page, 'reader')
      await reader.page.emulateMedia({ colorScheme: 'dark' })
      assert.equal(await accent(), 'rgb(255, 212, 0)', 'in the dark as chosen')
    }
    reader.check()
    await reader.context.close()

    // Two windows: the second to save is shown both.
    const other = await context.newPage()
    await other.goto('/desk/settings')
    await page.goto('/desk/settings')
    await other.locator('#name').fill('Leur nom')
    await other.locator('#terms').fill('/terms')
    await other.locator('#save').click()
    await see(other.locator('#notice'), 'that the first is saved')
    await page.locator('#name').fill('Mon nom')
    await page.locator('#save').click()
    await see(page.locator('.theirs', { hasText: 'Leur nom' }), 'what the other has saved')
    assert.equal(await page.locator('#name').inputValue(), 'Mon nom')
    assert.equal(await page.locator('#terms').inputValue(), '/terms', 'what only the other changed is there')
    if (scripts) await look(page, 'clash')

    // And back to what it was.
    for (const id of ['name', 'sites', 'accent', 'privacy', 'terms']) await page.locator('#' + id).fill('')
    await page.locator('input[name=logo_remove]').check()
    for (const box of await page.locator('input[name=langs]').all()) await box.check()
    await page.locator('#save').click()
    await see(page.locator('#notice'), 'that it is saved')
    assert.equal(await said(page.locator('.brand')), await word(lang, 'site.name'), 'the name is the catalog’s own again')
    assert.equal(await page.locator('link[href*="theme.css"]').count(), 0)
  })
}

scene('what the operator fixed is said and cannot be changed', { site: fixed, lang }, async (page, { site, context }) => {
  await context.addCookies(await staffCookies(site))
  await page.goto('/desk/settings')
  for (const by of ['GUICHET_SITE_NAME', 'GUICHET_SITES', 'GUICHET_DEFAULT_LANG', 'SMTP_URL']) await see(page.locator('.fixed', { hasText: by }), `that ${by} fixes something`)
  assert.equal(await page.locator('#name').isEditable(), false)
  assert.equal(await page.locator('#smtp_host').count(), 0)
  await look(page, 'fixed')
})
