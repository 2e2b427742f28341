// What is looked at on every page: axe, and whether anything is cut off, covered or off the screen.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { out } from './harness.mjs'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** tags name all of axe's rules that are held here. */
export const tags = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']

/** violations are what axe finds: all rules, or those of colour alone where nothing else differs. */
export async function violations(page, rules) {
  await page.evaluate(axe)
  const found = await page.evaluate(async runOnly => (await window.axe.run({ runOnly })).violations, rules)
  return found.flatMap(v => v.nodes.map(n => `${v.id}: ${v.help}: ${n.target.join(' ')}: ${n.html.slice(0, 120)}: ${n.failureSummary?.split('\n')[1]?.trim()}`))
}

/** sideways names what reaches beyond the window's edges; "" for nothing. */
export const sideways = page => page.evaluate(() => {
  const e = document.scrollingElement
  if (e.scrollWidth <= innerWidth) return ''
  const out = [...document.querySelectorAll('body *')].filter(x => {
    const r = x.getBoundingClientRect()
    return r.right > innerWidth + 0.5 || r.left < -0.5
  })
  return `${e.scrollWidth} px wide in ${innerWidth} px: ` + out.slice(-3).map(x => x.tagName.toLowerCase() + '.' + x.className).join(', ')
})

/** squeezed names what does not show all of its text: cut off, wider than the box drawn around it,
 *  off the screen, or lying over its neighbour in the header. */
export const squeezed = page => page.evaluate(() => {
  const name = e => `${e.tagName.toLowerCase()}.${e.getAttribute('class') ?? ''} « ${e.textContent.trim().replace(/\s+/g, ' ').slice(0, 40)} »`
  const shown = e => e.checkVisibility() && !e.closest('.unseen, .skip, svg') && e.getClientRects().length > 0
  const cut = e => { // whether a line that is seen goes on outside
    const box = e.getBoundingClientRect()
    const text = document.createRange()
    text.selectNodeContents(e)
    return [...text.getClientRects()].some(r => r.top < box.bottom - 1 && r.bottom > box.top + 1 && (r.right > box.right + 1 || r.left < box.left - 1))
  }
  const faults = []
  for (const e of document.querySelectorAll('body *')) {
    if (!shown(e) || e.clientWidth === 1) continue // one pixel is what only a screen reader reads
    const style = getComputedStyle(e)
    const tooWide = e.scrollWidth > e.clientWidth + 1 && style.display !== 'inline'
    const scrolls = ['auto', 'scroll'].includes(style.overflowX)
    if (['hidden', 'clip'].includes(style.overflowX)) { if (tooWide && cut(e)) faults.push(`cut off: ${name(e)}`) }
    else if (tooWide && !scrolls && (style.borderInlineStartWidth !== '0px' || e.matches('.button, .status, .chip, .top-row > *'))) faults.push(`wider than its box: ${name(e)}`)
    const r = e.getBoundingClientRect()
    if (r.width > 0 && (r.left < -0.5 || r.right > innerWidth + 0.5) && !e.closest('pre, .table, .table-wrap')) faults.push(`off the screen: ${name(e)}`)
  }
  const items = [...document.querySelectorAll('header .top-row > *')].filter(shown).map(e => [name(e), e.getBoundingClientRect()])
  items.forEach(([a, x], i) => items.slice(i + 1).forEach(([b, y]) => {
    if (x.left < y.right - 0.5 && y.left < x.right - 0.5 && x.top < y.bottom - 0.5 && y.top < x.bottom - 0.5) faults.push(`${a} lies over ${b}`)
  }))
  return faults
})

/** looker makes a suite's look: it holds a page as it stands, by its name, to what every page is held
 *  to, wide and narrow, light and dark, and keeps its pictures. */
export const looker = suite => async (page, name) => {
  const faults = []
  const size = page.viewportSize()
  for (const scheme of ['light', 'dark']) {
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme: scheme })
      for (const v of await violations(page, scheme === 'dark' ? ['color-contrast'] : tags)) faults.push(`${width} ${scheme}: ${v}`)
      if (scheme === 'light') faults.push(...(await squeezed(page)).map(f => `${width}: ${f}`))
      await page.screenshot({ path: join(out, `${suite}-${name}-${width}-${scheme}.png`), fullPage: true })
    }
  }
  await page.setViewportSize({ width: 320, height: 640 })
  const wide = await sideways(page)
  if (wide) faults.push(`at 320 px the page scrolls sideways: ${wide}`)
  await page.setViewportSize(size)
  await page.emulateMedia({ colorScheme: 'light' })
  assert.deepEqual(faults, [], `${suite}, ${name}: it can be used by everybody`)
}
