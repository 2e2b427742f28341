// The talk with the page that embeds the panel, over a port that only this page gets.

import { config } from "./text.ts";

export interface Host {
  stored: string;
  site: string;
  page: string;
}
export type Verb = "show" | "hide" | "ask" | "article" | "messages" | "tickets" | "handoff" | "identify" | "shutdown" | "lang";
export type Message = { type: Verb; text?: string; slug?: string; lang?: string };

let port: MessagePort | null = null;

/** alone says that the panel is a page of its own. */
export const alone = document.getElementById("panel")!.dataset["mode"] === "page" || window.parent === window;

export const tell = (type: string, more?: object): void => port?.postMessage({ type, ...more });
export const event = (name: string, detail: unknown): void => tell("event", { name, detail });

/** connect waits for the page's word; null if this page may not embed the panel. */
export function connect(hear: (m: Message) => void): Promise<Host | null> {
  if (alone) return Promise.resolve({ stored: "", site: "", page: "" });
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(null), 10_000);
    addEventListener("message", (e: MessageEvent) => {
      const m = e.data as { guichet?: string; stored?: string; site?: string; page?: { url: string } } | null;
      if (e.source !== window.parent || m?.guichet !== "connect") return;
      clearTimeout(late);
      if (e.origin !== location.origin && !config.sites.includes(e.origin)) return resolve(null);
      port = e.ports[0]!;
      resolve({ stored: m.stored ?? "", site: m.site ?? "", page: m.page?.url ?? "" });
      port.onmessage = (x: MessageEvent) => hear(x.data as Message);
    });
    window.parent.postMessage({ guichet: "hello" }, "*");
  });
}
