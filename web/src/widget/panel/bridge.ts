// The talk with the page that embeds the panel, over a port that only this page gets.

import { config } from "./text.ts";

export interface Host {
  stored: string;
  site: string;
  who?: 1 | null | undefined; // 1: the page knows who the member is; null: nobody is signed in; undefined: it does not say
}
export type Verb = "show" | "hide" | "ask" | "showArticle" | "showMessages" | "showTickets" | "handoff" | "attachContext" | "identify" | "logout" | "shutdown" | "lang";
export type Message = { type: Verb; of?: unknown; lang?: string; token?: string };

let port: MessagePort | null = null;

/** alone says that the panel is a page of its own. */
export const alone = document.getElementById("panel")!.dataset["mode"] === "page" || window.parent === window;

export const tell = (type: string, more?: object): void => port?.postMessage({ type, ...more });
export const event = (name: string, detail: unknown): void => tell("event", { name, detail });

/** connect waits for the page's word; null if this page may not embed the panel. */
export function connect(hear: (m: Message) => void): Promise<Host | null> {
  if (alone) return Promise.resolve({ stored: "", site: "" });
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(null), 10_000);
    addEventListener("message", (e: MessageEvent) => {
      const m = e.data as { guichet?: string; stored?: string; site?: string; who?: 1 | null } | null;
      if (e.source !== window.parent || m?.guichet !== "connect") return;
      clearTimeout(late);
      if (e.origin !== location.origin && !config.sites.includes(e.origin)) return resolve(null);
      port = e.ports[0]!;
      resolve({ stored: m.stored ?? "", site: m.site ?? "", who: m.who });
      port.onmessage = (x: MessageEvent) => hear(x.data as Message);
    });
    window.parent.postMessage({ guichet: "hello" }, "*");
  });
}
