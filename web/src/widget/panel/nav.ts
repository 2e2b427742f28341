// Where in the panel the member is: one of four tabs, and what was opened over it.

import { signal } from "@preact/signals";
import { place } from "./api.ts";

export type Tab = "home" | "conversation" | "tickets" | "articles";
export type Over =
  | { name: "article"; lang: string; slug: string; cite: string; hash: string; from: string }
  | { name: "handoff"; text: string; from: string }
  | { name: "picker"; from: string };

export const tab = signal<Tab>("home");
export const over = signal<Over[]>([]);

export function go(to: Tab): void {
  over.value = [];
  tab.value = to;
}

const focused = (): string => document.activeElement?.id ?? "";

/** openArticle shows the article of an address inside the panel; false if it is none. */
export function openArticle(url: string): boolean {
  const p = place(url);
  if (p) over.value = [...over.value, { name: "article", ...p, from: focused() }];
  return !!p;
}

export const openHandoff = (text: string): void => {
  over.value = [...over.value, { name: "handoff", text, from: focused() }];
};

export const openPicker = (): void => {
  over.value = [...over.value, { name: "picker", from: focused() }];
};

/** back closes what is on top; the focus returns to where it was opened. */
export function back(): void {
  const from = over.value.at(-1)?.from;
  over.value = over.value.slice(0, -1);
  requestAnimationFrame(() => from && document.getElementById(from)?.focus());
}

/** follow opens a link inside the panel where it leads to an article. */
export function follow(e: MouseEvent): void {
  if (e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
  if (openArticle((e.currentTarget as HTMLAnchorElement).href)) e.preventDefault();
}
