// Which words of a text are those that were searched for, well enough to mark them: the server looks
// for stems, so a word counts where it begins as one that was typed does.

/** beginnings are the beginnings that the words of a search must have: short words whole, long ones
 *  without what inflection changes. Of Chinese, every pair of characters. */
export function beginnings(query: string): string[] {
  const out = new Set<string>();
  for (const [word] of query.matchAll(/\p{Script=Han}+|[\p{L}\p{N}]+/gu)) {
    const folded = [...fold(word)];
    if (/\p{Script=Han}/u.test(word)) {
      if (folded.length === 1) out.add(folded[0]!);
      for (let i = 0; i + 1 < folded.length; i++) out.add(folded[i]! + folded[i + 1]!);
    } else if (folded.length > 2 || /\p{N}/u.test(word)) {
      out.add(folded.slice(0, folded.length > 5 ? -2 : undefined).join(""));
    } else if (folded.length === 2) out.add(folded.join(""));
  }
  return [...out];
}

/** matches are where in text words begin that way, as [from, to) pairs, one after another. */
export function matches(text: string, starts: string[]): [number, number][] {
  const out: [number, number][] = [];
  for (const m of text.matchAll(/\p{Script=Han}+|[\p{L}\p{N}]+/gu)) {
    const [word, from] = [m[0], m.index];
    if (/\p{Script=Han}/u.test(word)) {
      for (let i = 0; i < word.length; i++) {
        const hit = starts.find((b) => word.startsWith(b, i));
        if (!hit) continue;
        const before = out.at(-1);
        if (before && before[1] >= from + i) before[1] = from + i + hit.length;
        else out.push([from + i, from + i + hit.length]);
      }
      continue;
    }
    const folded = fold(word);
    if (starts.some((b) => (b.length > 2 ? folded.startsWith(b) : folded === b))) out.push([from, from + word.length]);
  }
  return out;
}

function fold(s: string): string {
  return s.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ł", "l").replaceAll("ß", "ss").replaceAll("œ", "oe").replaceAll("æ", "ae");
}
