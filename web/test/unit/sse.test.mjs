import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from './bundle.mjs'

const { events } = await load('sse.ts')

/** read yields the events of a body that arrives in these pieces. */
async function read(...pieces) {
  const body = new ReadableStream({
    start(c) {
      for (const p of pieces) c.enqueue(typeof p === 'string' ? new TextEncoder().encode(p) : p)
      c.close()
    },
  })
  const out = []
  for await (const e of events(body)) out.push(e)
  return out
}

test('events, their names and data', async () => {
  assert.deepEqual(await read('event: delta\ndata: {"a":1}\n\nevent: answer\ndata: {}\n\n'),
    [{ name: 'delta', data: '{"a":1}' }, { name: 'answer', data: '{}' }])
})

test('pieces that cut anywhere, within a character too', async () => {
  const bytes = new TextEncoder().encode('event: delta\ndata: é\n\n')
  for (let i = 1; i < bytes.length; i++) {
    assert.deepEqual(await read(bytes.slice(0, i), bytes.slice(i)), [{ name: 'delta', data: 'é' }], `cut at ${i}`)
  }
})

test('pings and what never ends are left out', async () => {
  assert.deepEqual(await read(': ping\n\ndata: a\ndata: b\n\n', 'event: answer\ndata: {'), [{ name: 'message', data: 'a\nb' }])
})
