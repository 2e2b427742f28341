// The work of guests' browsers, against challenges that the server's own code made.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { load } from './bundle.mjs'

const { hasher, solve } = await load('proof/work.ts')
const vectors = JSON.parse(await readFile(new URL('../../../internal/abuse/testdata/challenges.json', import.meta.url), 'utf8'))
const hex = h => Array.from(h, x => (x >>> 0).toString(16).padStart(8, '0')).join('')

test('solves what the server makes', async () => {
  assert.ok(vectors.length > 20)
  for (const v of vectors) assert.equal(await solve(v), v.number, v.salt)
})

test('hashes as everybody does, at every length about a block', () => {
  for (let n = 0; n < 200; n++) {
    const salt = 'x'.repeat(n)
    const hash = hasher(salt)
    for (const i of [7, 123_456, 0]) assert.equal(hex(hash(i)), createHash('sha256').update(salt + i).digest('hex'), `${n} and ${i}`)
  }
})

test('what has no solution ends', async () => {
  assert.equal(await solve({ ...vectors[0], challenge: 'f'.repeat(64), maxNumber: 1000 }), null)
})

test('whoever types is let through', async () => {
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  await solve({ ...vectors[0], challenge: 'f'.repeat(64), maxNumber: 100_000 })
  clearInterval(timer)
  assert.ok(turns > 0, 'the page had its turn')
})

// A prover as a form has it, over a server that hands out one challenge after another.
const { prover } = await load('proof/proof.ts')
const serve = (answers) => {
  const asked = []
  globalThis.fetch = async url => {
    asked.push(url)
    return answers[Math.min(asked.length, answers.length) - 1]()
  }
  return asked
}
const good = (expires = '2099-01-01T00:00:00Z') => () => Response.json({ ...vectors[0], expires_at: expires })

test('a proof is made ahead, is the form\'s own, and is given once', async () => {
  const asked = serve([good()])
  const p = prover('request')
  const { number, ...rest } = JSON.parse(atob(await p.take()))
  assert.deepEqual([number, rest.challenge, rest.salt, rest.signature], [vectors[0].number, vectors[0].challenge, vectors[0].salt, vectors[0].signature])
  assert.deepEqual(asked, ['/api/v1/challenge?purpose=request'])
  await p.take()
  assert.equal(asked.length, 2, 'the next one is another challenge')
})

test('one that has expired while somebody wrote is made anew', async () => {
  const asked = serve([good('2000-01-01T00:00:00Z'), good()])
  assert.notEqual(await prover('request').take(), '')
  assert.equal(asked.length, 2)
})

test('without a server the form goes without', async () => {
  serve([() => new Response('', { status: 429 })])
  assert.equal(await prover('request').take(), '')
  serve([() => { throw new TypeError('network') }])
  assert.equal(await prover('request').take(), '')
})

test('a proof that is not taken is made anew, once; other refusals are not tried again', async () => {
  serve([good()])
  const sent = []
  const refused = Object.assign(new Error(), { fields: { proof: 'spent' } })
  assert.equal(await prover('request').send(async p => { sent.push(p); if (sent.length === 1) throw refused; return 'ticket' }), 'ticket')
  assert.equal(sent.length, 2)
  const wrong = Object.assign(new Error(), { fields: { email: 'none' } })
  for (const [e, n] of [[refused, 2], [wrong, 1], [new TypeError('network'), 1]]) {
    let times = 0
    await assert.rejects(prover('request').send(async () => { times++; throw e }), x => x === e)
    assert.equal(times, n)
  }
})
