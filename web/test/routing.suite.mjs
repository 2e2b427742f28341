// Teams, calendars, categories, agents and the simulator, as an admin uses them, on a guichet of its own.
import assert from 'node:assert/strict'
import { looker } from './audit.mjs'
import { memo, scene, see, serve, staffCookies, word } from './harness.mjs'

const look = looker('routing')
const own = memo(() => serve({ GUICHET_STARTER: 'none', EMBEDDINGS_URL: 'off', SMTP_URL: '' }))
const lang = 'fr'
const warned = /status of 40[09]|Autofocus processing was blocked/

for (const scripts of [true, false]) {
  scene(`an admin says who answers when ${scripts ? 'with' : 'without'} scripts`, { site: own, lang, scripts, allow: warned }, async (page, { site, context }) => {
    await context.addCookies(await staffCookies(site))
    const id = scripts ? 'chat' : 'chat2'
    const saved = async () => see(page.locator('#notice', { hasText: await word(lang, 'desk.routing.saved') }), 'that it is saved')
    await page.goto('/desk')
    await page.locator('.desk-nav a', { hasText: await word(lang, 'desk.routing') }).click()
    if (scripts) await look(page, 'teams')

    // A calendar, with a line that cannot be read and holidays from a file.
    await page.locator('.views a', { hasText: await word(lang, 'desk.routing.calendars') }).click()
    if (scripts) await look(page, 'calendars')
    await page.locator('#new').click()
    await page.locator('#id').fill(id)
    await page.locator('#name').fill('Chat du soir')
    await page.locator('#weekly').fill('lundi-vendredi 18:00-23:00\nsamdi 10:00-12:00')
    await page.locator('#name').press('Enter') // the form's first button saves
    await see(page.locator('#error-summary a[href="#weekly"]'), 'that a line is wrong')
    await see(page.locator('#weekly-error', { hasText: 'samdi' }), 'which')
    if (scripts) await look(page, 'calendar-errors')
    await page.locator('#weekly').fill('lundi-vendredi 18:00-23:00\nsamedi 10:00-12:00')
    const day = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//FR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20200501\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Fête du travail\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
    await page.locator('#ics').setInputFiles({ name: 'feries.ics', mimeType: 'text/calendar', buffer: Buffer.from(day) })
    await page.locator('#import').click()
    assert.match(await page.locator('#holidays').inputValue(), /^\d{4}-05-01 Fête du travail\n/)
    await page.locator('#save').click()
    await saved()
    if (scripts) await look(page, 'calendar')

    // The team answers chats in it, an agent takes them.
    await page.locator('.views a', { hasText: await word(lang, 'desk.routing.teams') }).click()
    await page.locator('.routing-list a', { hasText: 'Support' }).click()
    await page.locator('#chat_on').check()
    await page.locator('#chat_calendar').selectOption(id)
    await page.locator('#save').click()
    await saved()
    if (scripts) await look(page, 'team')
    await page.locator('.views a', { hasText: await word(lang, 'desk.routing.agents') }).click()
    if (scripts) await look(page, 'agents')
    await page.locator('.routing-list a').first().click()
    await page.locator('#chat_on').check()
    await page.locator('#chat_capacity').fill('2')
    await page.locator('#langs-fr').uncheck()
    await page.locator('#save').click()
    await see(page.locator('#error-summary a[href="#langs"]'), 'that chats need a language')
    await page.locator('#langs-fr').check()
    await page.locator('#save').click()
    await saved()
    if (scripts) await look(page, 'agent')

    // One more field of a category, with its label.
    await page.locator('.views a', { hasText: await word(lang, 'desk.routing.categories') }).click()
    if (scripts) await look(page, 'categories')
    await page.locator('.routing-list a', { hasText: await word(lang, 'category.suggestion') }).click()
    const row = await page.locator('.routing-field').count() - 1
    const key = scripts ? 'part' : 'part2'
    await page.locator(`#field_${row}_key`).fill(key)
    await page.locator('#more').click()
    await page.locator(`#text_fr_field_${key}`).fill('Quelle partie du site ?')
    await page.locator('#save').click()
    await saved()
    if (scripts) await look(page, 'category')

    // What a member sees on a Saturday night.
    await page.locator('.views a', { hasText: await word(lang, 'desk.routing.simulator') }).click()
    await page.locator('#category').selectOption('suggestion')
    await page.locator('#moment').fill('2026-11-28T23:00')
    await page.locator('#simulate').click()
    await see(page.locator('[data-channel=chat][data-state=closed]', { hasText: 'Ouvre lundi 30 novembre à 18:00' }), 'when the chat opens')
    await see(page.locator('#seen', { hasText: 'Quelle partie du site' }), 'what is asked for')
    if (scripts) await look(page, 'simulator')
  })
}
