// Files: chosen, dropped and refused in the panel, and without a script on the form.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { sideways, tags, violations } from './audit.mjs'
import { bare, out, said, scene, see, until, visit, word } from './harness.mjs'

const part = name => `[data-part="${name}"]`
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const file = (name, buffer = png) => ({ name, mimeType: 'application/octet-stream', buffer })
const zip = Buffer.from('PK\x03\x04' + 'a'.repeat(200), 'latin1')

for (const width of [1280, 320]) {
  scene(`files in the panel, ${width} px wide`, { lang: 'fr', site: bare, width, allow: /status of 400/ }, async (page, { site }) => {
    await page.goto('/fr/chat?q=Je voudrais parler à une personne')
    await page.locator(part('talk')).first().click()
    await see(page.locator(part('request-form')), 'the request form')
    const attach = page.locator(`${part('request-form')} ${part('attach')}`)
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), attach.locator('> button').click()])
    await see(attach.locator('> div .meta', { hasText: '50' }), 'the limits, before anything is chosen')
    await chooser.setFiles([file('capture.png'), file('faux.png', zip)])
    const row = name => attach.locator('.file', { hasText: name })
    await see(row('capture.png').locator('.meta', { hasText: await word('fr', 'file.scan.not_scanned') }), 'that the file is there, and was not scanned')
    await see(row('faux.png').locator('.meta', { hasText: 'ZIP' }), 'what the other one really is')
    await row('faux.png').getByRole('button', { name: await word('fr', 'widget.attach_remove', { name: 'faux.png' }) }).click()
    assert.equal(await row('faux.png').count(), 0, 'it can be taken back')
    // Dropped, and too large to be sent for nothing.
    const drop = await page.evaluateHandle(() => {
      const t = new DataTransfer()
      t.items.add(new File(['Bonjour'], 'lettre.txt'))
      t.items.add(new File([new Uint8Array(51e6)], 'film.mp4'))
      return t
    })
    await page.locator(part('request-form')).dispatchEvent('drop', { dataTransfer: drop })
    await see(row('lettre.txt').locator('.meta', { hasText: await word('fr', 'file.scan.not_scanned') }), 'the dropped file')
    await see(row('film.mp4').locator('.meta', { hasText: /film\.mp4.* est trop gros/ }), 'the limit at the large one')
    assert.deepEqual(await violations(page, tags), [], 'axe finds nothing')
    assert.equal(await sideways(page), '', 'nothing scrolls sideways')
    await page.screenshot({ path: join(out, `files-panel-${width}.png`) })
    await page.locator('#request-email').fill(`fichiers.${width}@example.org`)
    await page.locator('#request-category').selectOption('refund')
    await page.locator(part('request-send')).click()
    await see(page.locator(part('done')), 'the confirmation')
    const link = await page.locator(part('ticket-link')).getAttribute('href')
    const other = await visit(site, { lang: 'fr', scripts: false, width })
    await other.page.goto(link)
    assert.match(await said(other.page.locator('main')), /2 fichiers, montrés/, 'held, it says how many there are')
    await other.context.close()
  })
}

scene('files without a script', { lang: 'fr', site: bare, scripts: false, width: 320, allow: /status of 400/ }, async (page) => {
  await page.goto('/fr/requests/new')
  await page.locator('#email').fill('sansscript@example.org')
  await page.locator('#text').fill('Voici une capture.')
  await page.locator('#files').setInputFiles([file('capture.png'), file('faux.png', zip)])
  await page.locator('#send').click()
  await see(page.locator('#files-error', { hasText: 'ZIP' }), 'what is wrong with the file')
  assert.equal(await page.locator('#text').inputValue(), 'Voici une capture.')
  await see(page.locator('.kept', { hasText: 'capture.png' }), 'the file that was received')
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing scrolls sideways')
  await page.screenshot({ path: join(out, 'files-form.png'), fullPage: true })
  await page.locator('#category').selectOption('refund')
  await page.locator('#send').click()
  await until(async () => /1 fichier, montré/.test(await said(page.locator('main'))), 'the request with its file')
})
