// Search while one types: articles below the box as a list that the keyboard walks through, with the
// assistant as its last row. The box is a combobox as the ARIA practices describe it; the focus stays
// in it. On pages without a box a dialog brings one.

import { find, length } from "./dom.ts";
import { beginnings, matches } from "./words.ts";

interface Hit { article: { title: string; url: string; lang: string }; passage: { heading: string; text: string; url: string } }

const pause = 90; // ms after the last key
const limit = 6;

let last = 0; // list number, for ids

/** suggest makes every box below root that asks for it a combobox. */
export function suggest(root: ParentNode): void {
  for (const input of root.querySelectorAll<HTMLInputElement>("input[data-suggest]:not([role])")) combobox(input);
}

function combobox(input: HTMLInputElement): void {
  const parts = find("suggest-template", HTMLTemplateElement);
  if (!parts || !input.form) return;
  const form = input.form;
  const [popup, option, askRow] = Array.from(parts.content.children, (e) => e as HTMLElement) as [HTMLElement, HTMLElement, HTMLElement];
  const box = popup.cloneNode(true) as HTMLElement;
  const list = box.firstElementChild as HTMLElement;
  const status = box.lastElementChild as HTMLElement;
  const found = JSON.parse(parts.dataset["found"]!) as string[];
  const lang = input.dataset["suggest"]!;
  const id = (list.id = `suggest-${++last}`);
  (input.closest("dialog") ? form : input.closest(".ask-box")!).append(box);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, "aria-keyshortcuts": "Control+K",
  })) input.setAttribute(name, value);

  let timer = 0;
  let running: AbortController | null = null;
  let asked = ""; // what the list shows, or is being fetched for

  const options = () => Array.from(list.children) as HTMLAnchorElement[];
  const chosen = () => list.querySelector<HTMLAnchorElement>("[aria-selected=true]");
  const expanded = () => !box.hidden;

  function choose(next: HTMLAnchorElement | null): void {
    chosen()?.setAttribute("aria-selected", "false");
    next?.setAttribute("aria-selected", "true");
    if (next) {
      input.setAttribute("aria-activedescendant", next.id);
      next.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function show(yes: boolean): void {
    box.hidden = !yes;
    input.setAttribute("aria-expanded", String(yes));
    if (!yes) choose(null);
  }

  function stop(): void {
    clearTimeout(timer);
    running?.abort();
    running = null;
  }

  function close(): void {
    stop();
    asked = "";
    show(false);
  }

  /** fill lists what was found for text, in the place of what was there. */
  function fill(text: string, hits: Hit[]): void {
    choose(null);
    const words = beginnings(text);
    const rows = hits.map((hit) => {
      const row = option.cloneNode(true) as HTMLAnchorElement;
      row.href = new URL(hit.passage.url).pathname + new URL(hit.passage.url).hash;
      if (hit.article.lang !== lang) row.lang = hit.article.lang;
      mark(row.querySelector(".option-title")!, hit.article.title, words);
      const { heading, text } = hit.passage;
      mark(row.querySelector(".option-more")!, (heading ? heading + " › " : "") + snippet(text, words), words);
      return row;
    });
    const ask = askRow.cloneNode(true) as HTMLAnchorElement;
    ask.href = `${parts!.dataset["ask"]!}?q=${encodeURIComponent(text)}`;
    ask.querySelector("q")!.textContent = text;
    ask.addEventListener("click", (e) => {
      if (e.ctrlKey || e.metaKey || e.shiftKey) return; // another window
      const here = form.querySelector<HTMLElement>("button[type=submit]:not([formaction])");
      if (!form.hasAttribute("data-ask")) return;
      e.preventDefault();
      input.value = text;
      form.requestSubmit(here);
    });
    rows.push(ask);
    rows.forEach((row, i) => (row.id = `${id}-${i}`));
    list.replaceChildren(...rows);
    list.scrollTop = 0;
    show(true);
    status.textContent = found[hits.length] ?? "";
  }

  async function search(): Promise<void> {
    const text = input.value.trim();
    if (text === asked) return;
    if (!worthIt(text)) return close();
    stop();
    asked = text;
    const mine = (running = new AbortController());
    const query = new URLSearchParams({ q: text, lang, limit: String(limit), typing: "1" });
    let hits: Hit[] = [];
    try {
      const response = await fetch("/api/v1/search?" + query, { signal: mine.signal });
      if (response.ok) hits = ((await response.json()) as { hits: Hit[] }).hits;
    } catch {
      // The assistant's row stands there all the same.
    }
    if (!mine.signal.aborted && (document.activeElement === input || box.contains(document.activeElement))) fill(text, hits);
  }

  function later(): void {
    clearTimeout(timer);
    timer = window.setTimeout(() => void search(), pause);
  }

  input.addEventListener("input", (e) => {
    if (!(e as InputEvent).isComposing) later();
  });
  input.addEventListener("compositionend", later);
  input.addEventListener("keydown", (e) => {
    if (e.isComposing || e.keyCode === 229 || e.ctrlKey || e.metaKey || e.altKey) return;
    const rows = options();
    const at = rows.indexOf(chosen()!);
    switch (e.key) {
      case "ArrowDown":
      case "ArrowUp": {
        e.preventDefault();
        if (!expanded()) {
          void search();
          return;
        }
        const step = e.key === "ArrowDown" ? 1 : -1;
        const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step; // past either end: the box itself
        choose(rows[next] ?? null);
        return;
      }
      case "Enter":
        if (!expanded() || at < 0) return;
        e.preventDefault();
        rows[at]!.click();
        return;
      case "Escape":
        if (!expanded()) return;
        e.preventDefault();
        e.stopPropagation();
        close();
        return;
      case "Tab":
        close();
    }
  });
  input.addEventListener("focusout", (e) => {
    if (!box.contains(e.relatedTarget as Node | null)) close();
  });
  box.addEventListener("pointerdown", (e) => {
    if (e.pointerType === "mouse") e.preventDefault(); // the focus stays in the box
  });
  form.addEventListener("submit", (e) => {
    close();
    if (form.hasAttribute("data-ask") || length(input.value)) return;
    e.preventDefault(); // the dialog: nothing typed
    input.focus();
  });
}

/** worthIt reports whether text is enough to search for: a letter of Chinese is a word, one of others is not. */
function worthIt(text: string): boolean {
  return length(text) > 1 ? length(text) <= 200 : /\p{Script=Han}/u.test(text);
}

/** snippet is the part of a passage around the first word found. */
function snippet(text: string, words: string[]): string {
  text = text.replaceAll(" | ", " – ").replace(/\s+/g, " ");
  const first = matches(text, words)[0]?.[0] ?? 0;
  if (first < 60) return text.slice(0, 160);
  const from = text.indexOf(" ", first - 40) + 1 || first;
  return "… " + text.slice(Math.min(from, first), first + 140);
}

/** mark writes text into e with the words found marked. */
function mark(e: HTMLElement, text: string, words: string[]): void {
  let at = 0;
  e.textContent = "";
  for (const [from, to] of matches(text, words)) {
    const m = document.createElement("mark");
    m.textContent = text.slice(from, to);
    e.append(text.slice(at, from), m);
    at = to;
  }
  e.append(text.slice(at));
}

const slashKey = "guichet.slash";

/** shortcuts brings the search by / and by Ctrl or ⌘ and K; the first can be turned off. */
export function shortcuts(): void {
  const dialog = find("search-dialog", HTMLDialogElement);
  const opener = document.getElementById("open-search");
  const toggle = document.getElementById("slash");
  let slash = read() !== "off";

  const say = () => {
    toggle?.setAttribute("aria-pressed", String(slash));
    if (toggle) toggle.textContent = toggle.dataset[slash ? "saidOn" : "saidOff"]!;
  };
  say();
  toggle?.addEventListener("click", () => {
    slash = !slash;
    write(slash ? "on" : "off");
    say();
  });

  const open = () => {
    if (dialog) {
      if (!dialog.open) dialog.showModal();
      find("find-q", HTMLInputElement)!.select();
      return;
    }
    const box = document.querySelector<HTMLInputElement>("main input[data-suggest]");
    box?.focus();
    box?.select();
  };
  if (dialog && opener) {
    opener.setAttribute("role", "button");
    opener.setAttribute("aria-haspopup", "dialog");
    opener.addEventListener("click", (e) => {
      if (e.ctrlKey || e.metaKey || e.shiftKey) return;
      e.preventDefault();
      open();
    });
    opener.addEventListener("keydown", (e) => {
      if (e.key !== " ") return;
      e.preventDefault();
      open();
    });
    dialog.addEventListener("click", (e) => {
      if (e.target === dialog) dialog.close(); // beside it
    });
    document.getElementById("close-search")?.addEventListener("click", () => dialog.close());
  }
  document.addEventListener("keydown", (e) => {
    if (e.defaultPrevented || e.isComposing || e.repeat) return;
    const k = (e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k";
    const bare = slash && e.key === "/" && !e.ctrlKey && !e.metaKey && !e.altKey && !inField(e.target);
    if (!k && !bare) return;
    e.preventDefault();
    open();
  });
}

/** inField reports whether keys pressed at target are text. */
function inField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

function read(): string | null {
  try {
    return localStorage.getItem(slashKey);
  } catch {
    return null; // storage may be refused
  }
}

function write(value: string): void {
  try {
    localStorage.setItem(slashKey, value);
  } catch {
    // then it holds for this page
  }
}
