// Questions without leaving the page: the answer's sentences appear as they come; once it is whole,
// its own page, as the server renders it, takes their place, so there is one markup for both.

import { fieldError, fill, find, length, say } from "./dom.ts";
import { copy } from "./forms.ts";
import { suggest } from "./search.ts";
import { events } from "./sse.ts";

interface Delta { text: string; citations: number[] }
interface Answer { id: string; lang: string; text: string }
interface Problem { detail: string }

class Refused extends Error {}

let running: AbortController | null = null;
let shown = location.pathname; // whose page this is

export function ask(): void {
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-ask]")) return;
    if (e.submitter?.hasAttribute("formaction")) return; // a search instead
    const input = form.elements.namedItem("q") as HTMLInputElement;
    const { max, missing, tooLong } = form.dataset;
    const n = length(input.value);
    const wrong = n === 0 ? missing! : n > Number(max) ? fill(tooLong!, { max: Number(max), n }) : "";
    fieldError(input, wrong);
    if (wrong || !find("ask-template", HTMLTemplateElement)) {
      if (wrong) e.preventDefault();
      input.focus();
      return;
    }
    e.preventDefault();
    void run(form.dataset["lang"]!, input.value.trim());
  });
  // A step to another page that was shown here loads it; one within this page (#…) does not.
  addEventListener("popstate", () => {
    if (location.pathname !== shown) location.reload();
  });
}

/** run shows the question at once and its answer as it comes. */
async function run(lang: string, text: string): Promise<void> {
  running?.abort();
  const stop = (running = new AbortController());
  const failed = document.querySelector<HTMLFormElement>("[data-ask]")!.dataset["failed"]!;
  const template = find("ask-template", HTMLTemplateElement)!;
  const main = document.getElementById("main")!;
  main.replaceChildren(template.content.cloneNode(true), template);
  const input = find("ask-q", HTMLInputElement)!;
  input.value = text;
  suggest(main);
  input.focus();
  document.getElementById("question")!.textContent = text;
  scrollTo({ top: 0 });
  try {
    const a = await stream(lang, text, stop.signal);
    await settle(`/${lang}/answers/${a.id}`, stop.signal);
    say(`${document.querySelector(".by strong")?.textContent ?? ""}: ${document.getElementById("answer-text")?.textContent ?? ""}`);
  } catch (e) {
    if (stop.signal.aborted) return;
    document.getElementById("answer")?.remove();
    fieldError(input, e instanceof Refused ? e.message : failed);
  }
}

async function stream(lang: string, text: string, signal: AbortSignal): Promise<Answer> {
  const response = await fetch("/api/v1/ask?lang=" + lang, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ text, lang }),
    signal,
  });
  if (!response.ok || !response.body) throw new Refused(((await response.json()) as Problem).detail);
  const progress = document.getElementById("answer-progress")!;
  const words = document.getElementById("answer-text")!;
  for await (const event of events(response.body)) {
    const data: unknown = JSON.parse(event.data);
    switch (event.name) {
      case "sources": {
        const readings = JSON.parse(progress.dataset["reading"]!) as string[];
        const line = readings[(data as { articles: unknown[] }).articles.length - 1];
        if (line) progress.lastElementChild!.textContent = line;
        break;
      }
      case "delta":
        progress.hidden = true;
        append(words, data as Delta, lang);
        break;
      case "answer":
        return data as Answer;
      case "error":
        throw new Refused((data as Problem).detail);
    }
  }
  throw new Error("the stream ended early");
}

function append(words: HTMLElement, d: Delta, lang: string): void {
  if (words.textContent && lang !== "zh") words.append(" ");
  const span = document.createElement("span");
  span.textContent = d.text.replaceAll(" | ", " – "); // a table's cells
  words.append(span);
  for (const n of d.citations) {
    const sup = document.createElement("sup");
    sup.textContent = String(n);
    words.append(sup);
  }
}

/** settle puts the answer's own page in the place of what was streamed. */
async function settle(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal, headers: { Accept: "text/html" } });
  if (!response.ok) return location.assign(url);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const whole = page.getElementById("answer");
  if (!whole) return location.assign(url);
  document.getElementById("answer")!.replaceWith(document.importNode(whole, true));
  document.title = page.title;
  const languages = page.querySelector("#languages ul");
  if (languages) document.querySelector("#languages ul")?.replaceWith(document.importNode(languages, true));
  copy(document.getElementById("answer")!);
  if (location.pathname !== url) history.pushState(null, "", url);
  shown = url;
}
