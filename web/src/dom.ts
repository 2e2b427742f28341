// Small helpers over the document.

export function find<T extends HTMLElement>(id: string, type: new () => T): T | null {
  const e = document.getElementById(id);
  return e instanceof type ? e : null;
}

/** say tells screen readers something once, in the page's one live region. */
export function say(text: string): void {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

/** fieldError shows what is wrong with a field, or takes it away with "". */
export function fieldError(field: HTMLElement, text: string): void {
  field.toggleAttribute("aria-invalid", false);
  if (text) field.setAttribute("aria-invalid", "true");
  for (const id of (field.getAttribute("aria-describedby") ?? "").split(" ")) {
    const p = document.getElementById(id);
    if (!p?.classList.contains("field-error")) continue;
    p.hidden = !text;
    const words = p.querySelector("span");
    if (words) words.textContent = text;
  }
}

/** length counts characters as the server does. */
export function length(text: string): number {
  return [...text.trim()].length;
}

/** fill puts values into a text's {placeholders}. */
export function fill(text: string, values: Record<string, number>): string {
  const lang = document.documentElement.lang;
  return text.replace(/\{(\w+)\}/g, (all, name: string) =>
    name in values ? new Intl.NumberFormat(lang, { useGrouping: "min2" }).format(values[name]!) : all);
}
