// Makes docs/answer.png, the picture of the README: node test/picture.mjs
import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { root, scene, see } from './harness.mjs'

scene('the picture of the README', { lang: 'fr', width: 1080, height: 1400, timeout: 8 * 60_000 }, async page => {
  await page.goto('/fr')
  await page.locator('#ask-q').fill('Combien de temps prend un remboursement ?')
  await page.locator('#ask-q').press('Enter')
  await see(page.locator('#answer[data-outcome="answered"]'), 'the answer')
  await page.waitForURL(/\/fr\/answers\//)
  await page.evaluate(() => document.activeElement?.blur())
  const path = join(root, 'docs/answer.png')
  const end = await page.locator('.strip').boundingBox()
  await page.screenshot({ path, clip: { x: 0, y: 0, width: 1080, height: Math.round(end.y + end.height + 32) } })
  assert.ok((await stat(path)).size < 200_000, 'the picture is small enough for a README')
})
