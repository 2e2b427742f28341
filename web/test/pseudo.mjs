// Two languages that nobody speaks, made of the English catalog: one forty per cent longer, as
// German and Polish can be, and one that is read from right to left.

const accents = { a: 'á', c: 'ç', e: 'é', i: 'í', n: 'ñ', o: 'ö', u: 'ü', y: 'ÿ', A: 'Å', E: 'É', I: 'Î', O: 'Ø', U: 'Ü' }
const hebrew = [...'אבגדהוזחטיכלמנסעפצקרשת']

/** words gives every word of a text to change; placeholders stay as they are. */
const words = (text, change) => text.split(/(\{\w+\})/).map((part, i) => i % 2 ? part : part.replace(/\p{L}+/gu, change)).join('')

/** longer says a text with accents, in brackets, each word two fifths longer than it was. */
export const longer = text => `[${words(text, word => {
  let left = Math.ceil(word.length * 0.4)
  const stretched = [...word].map(letter => (left > 0 && /[aeiouy]/.test(letter) ? (left--, letter + letter) : letter)).join('') + 'o'.repeat(Math.max(0, left))
  return [...stretched].map(letter => accents[letter] ?? letter).join('')
})}]`

/** turned says a text in letters that are written from right to left. */
export const turned = text => words(text, word => [...word.toLowerCase()].map(letter => hebrew[letter.charCodeAt(0) % hebrew.length]).join(''))

/** catalog makes say's language of the English catalog: plural forms stay, and so do keys. */
export function catalog(english, direction, say) {
  const spoken = Object.entries(english).map(([key, text]) =>
    [key, typeof text === 'string' ? say(text) : Object.fromEntries(Object.entries(text).map(([form, t]) => [form, say(t)]))])
  return { ...Object.fromEntries(spoken), 'site.dir': direction }
}
