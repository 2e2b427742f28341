// The server's API, as the panel sees it.

import { events, type ServerEvent } from "../../sse.ts";
import { config } from "./text.ts";

export interface Article { id: string; group: string; lang: string; title: string; url: string; updated_at: string }
export interface Citation { n: number; article: Article; heading: string; quote: string; url: string }
export interface Sentence { text: string; citations: number[] }
export interface Answer {
  id: string;
  outcome: "answered" | "clarify" | "unknown";
  lang: string;
  text: string;
  sentences: Sentence[];
  citations: Citation[];
  choices: { label: string; text: string }[];
  related: Article[];
  handoff?: { reason: string };
  courtesy?: string;
  about?: Told;
  text_lang: string; // of the sentences
  translation?: { lang: string; text: string; sentences: string[] };
  joined?: string[]; // client ids of the other messages that it answers
}
/** Told is what an answer says of the member's order or object. */
export interface Told {
  type: "order" | "object";
  id: string;
  number?: string;
  title: string;
  url?: string;
  summary: boolean;
  facts: { key: string; label: string; value: string }[];
}
export interface MyOrder {
  id: string;
  number: string;
  title: string;
  status: string;
  total: { text: string } | null;
  placed_at: string;
  role: "buyer" | "seller";
  other: { party: "buyer" | "seller"; name: string } | null;
}
export interface MyObject { id: string; title: string; price: { text: string } | null }
export interface Ticket { ref: string; status: string; url: string; promised_at: string | null; held: boolean; category: string; missing: string[] }
/** Existing is an open request of the member's; promise says in words by when it is answered. */
export interface Existing extends Omit<Ticket, "category" | "missing"> { promise: string; subject?: string }
export interface Attachment { id: string; name: string; size: number; state: string; text: string; url?: string }
export interface Entry {
  seq: number;
  kind: "message" | "answer" | "status";
  author: "member" | "assistant" | "agent" | "system";
  name?: string;
  client_id?: string;
  text: string;
  answer?: Answer;
  attachments?: Attachment[];
  status?: { from?: string; to: string; reason?: string };
  created_at: string;
}
export interface Conversation { id: string; lang: string; owner: string; entries: Entry[]; ticket: Ticket | null }
export interface Option { channel: string; state: "open" | "closed" | "not_offered"; reason?: string; promised_at?: string; opens_at?: string; recommended: boolean; need?: string; name: string; lines: string[] }
/** Options are the ways to a person; contact_first is whom the member is asked to write to before. */
export interface Options { options: Option[]; existing: Existing[]; contact_first?: { party: "buyer" | "seller"; name: string; url: string } | null }
export interface ArticlePage {
  article: Article;
  html: string;
  cited: "" | "marked" | "changed";
  translations: { lang: string; title: string; url: string }[];
  related: Article[];
}
export interface Shelf { articles: Article[]; collections: { key: string; title: string; description: string; articles: number }[] }
export interface Found { hits: { article: Article; passage: { id: string; heading: string; text: string; url: string } }[] }

/** Refused is an answer of the server that says no, in words fit for the reader. */
export class Refused extends Error {
  status: number;
  fields: Record<string, string> = {};

  constructor(status: number, body: { detail?: string; errors?: { field: string; detail: string }[] }) {
    super(body.detail ?? "");
    this.status = status;
    for (const e of body.errors ?? []) this.fields[e.field] = e.detail;
  }
}

export interface Call {
  method?: string;
  keepalive?: boolean;
  body?: unknown;
  token?: string | undefined;
  signal?: AbortSignal;
  stream?: boolean;
  query?: Record<string, string>;
}

/** auth is the member's session, and how another one is come by; see identity.ts. */
export const auth = { session: "", renew: (): Promise<boolean> => Promise.resolve(false) };

async function send(path: string, c: Call, again = false): Promise<Response> {
  const { body, token, signal, stream, query, method, keepalive = false } = c;
  const response = await fetch(`/api/v1/${path}?${new URLSearchParams({ lang: config.lang, ...query })}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    keepalive,
    headers: {
      Accept: stream ? "text/event-stream" : "application/json",
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...(token && { Authorization: "Bearer " + token }),
    },
    body: body === undefined ? null : JSON.stringify(body),
    signal: signal ?? null,
    cache: "no-store",
  });
  if (response.ok) return response;
  if (response.status === 401 && !again && token && token === auth.session && !method && await auth.renew()) {
    return send(path, { ...c, token: auth.session }, true);
  }
  throw new Refused(response.status, await response.json().catch(() => ({})) as object);
}

/** call asks the server for JSON. A lost network is a TypeError, a refusal Refused. */
export const call = async <T>(path: string, c: Call = {}): Promise<T> => (await send(path, c)).json().catch((e) => c.method ? null : Promise.reject(e)) as Promise<T>;

/** stream yields the events of an answer as it is made. */
export async function* stream(path: string, c: Call): AsyncGenerator<ServerEvent> {
  yield* events((await send(path, { ...c, stream: true })).body!);
}

/** place reads an article's address: its language, slug and citation; null if it leads elsewhere. */
export function place(url: string): { lang: string; slug: string; cite: string; hash: string } | null {
  const u = new URL(url, location.href);
  const m = /^\/(\w\w)\/articles\/([^/]+)$/.exec(u.pathname);
  return m && { lang: m[1]!, slug: decodeURIComponent(m[2]!), cite: u.searchParams.get("cite") ?? "", hash: u.hash };
}
