// The open conversation: what was said, what is on its way, and how it gets there. A question stands
// in the memory from the moment it is sent until its answer is there, with a client id, so that a lost
// network, a reload or a second tab never loses it and never doubles it.

import { batch, computed, signal } from "@preact/signals";
import { auth, call, Refused, stream, type Answer, type Citation, type Conversation, type Entry, type Sentence, type Ticket, type Told } from "./api.ts";
import { event, type Host } from "./bridge.ts";
import { identify, me, signOut } from "./identity.ts";
import { secret, Vault, type Kept, type Memory, type Pending } from "./storage.ts";
import { config, lead, t } from "./text.ts";

/** Live is what is being sent or answered. */
export interface Live {
  pending: Pending;
  earlier: Pending[]; // quick messages before it, which are answered together with it
  state: "sending" | "waiting" | "failed" | "stopped"; // waiting: for the network
  articles?: number; // that are being read
  about?: Told | undefined; // of the order or object
  sentences: Sentence[];
  citations: Citation[];
  answer?: Answer;
  problem?: string;
}

export const memory = signal<Memory>({ visitor: "", conversations: [] });
export const openId = signal("");
export const entries = signal<Entry[]>([]);
export const tickets = signal<Record<string, Ticket>>({}); // by conversation
export const live = signal<Live | null>(null);
export const loading = signal(false);
export const problem = signal(""); // why the conversation could not be read
export const network = signal<"" | "offline" | "lost">("");
export const announced = signal("");
export const reading = signal(false); // the conversation is before the reader's eyes

/** About is the order or object that the next question is about. */
export interface About { type: "order" | "object"; id: string; title: string; number?: string }
export const about = signal<About | null>(null);

/** own are the conversations of whoever is here now: a visitor's, and the member's who is signed in. */
export const own = computed(() => memory.value.conversations.filter((c) => !c.member || c.member === me.value?.id));
export const current = computed(() => own.value.find((c) => c.id === openId.value));
export const ticket = computed(() => tickets.value[openId.value]);
export const owners = signal<Record<string, string>>({}); // whose each conversation is
/** staffed says that what is written goes to the team: a conversation with a ticket that was not given back to the assistant. */
export const staffed = computed(() => !!ticket.value && ticket.value.status !== "closed" && owners.value[openId.value] !== "assistant");
export const unread = computed(() => own.value.reduce((n, c) => n + (c.unread ?? 0), 0));
export const lastQuestion = computed(() =>
  live.value?.pending.text ?? entries.value.findLast((e) => e.author === "member")?.text ?? "");

let vault: Vault;
let site = "";
let stopping: AbortController | null = null;
let left: AbortController[] = []; // of messages that a later one went after
let opening: Promise<Kept> | null = null;
let begun = Promise.resolve(); // the message before is on its way
let retry = 0; // timer
let tries = 0;
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("guichet") : null;

export const say = (text: string): void => {
  announced.value = "";
  requestAnimationFrame(() => (announced.value = text));
};

/** keyOf opens a conversation: its token, or the session of the member whose it is. */
export const keyOf = (c: Kept): string => c.member ? auth.session : c.token;

export const path = (id: string, rest = ""): string => `conversations/${id}${rest}`;

/** change changes the memory as it stands now: another tab may have written meanwhile. */
export function change(f: (m: Memory) => void): void {
  const m = vault.read();
  f(m);
  vault.write(m);
  memory.value = vault.read();
}

export function changeKept(id: string, with_: Partial<Kept>): void {
  change((m) => {
    const c = m.conversations.find((x) => x.id === id);
    if (c) Object.assign(c, with_);
  });
}

/** begin takes up what this browser remembers. */
export function begin(host: Host, lend: (value: string) => void): void {
  site = host.site;
  vault = new Vault(() => localStorage, lend, host.stored);
  memory.value = vault.read();
  let { pending } = memory.value;
  const { earlier = [] } = memory.value;
  if (pending?.member && pending.member !== me.value?.id) pending = undefined;
  openId.value = pending ? pending.conversation : own.value[0]?.id ?? "";
  if (openId.value) void refresh(true);
  if (pending) {
    live.value = { pending, earlier, state: "sending", sentences: [], citations: [] };
    void deliver();
  }
  change(() => {}); // the visitor's secret
  addEventListener("storage", heard);
  if (tabs) tabs.onmessage = heard;
  addEventListener("online", () => { network.value = ""; again(); });
  addEventListener("offline", () => { network.value = "offline"; });
  if (!navigator.onLine) network.value = "offline";
  document.addEventListener("visibilitychange", again);
  setInterval(() => { if (!document.hidden && ticket.value) void refresh(); }, 20_000);
}

/** heard follows what another tab did. */
function heard(): void {
  memory.value = vault.read();
  if (openId.value && !current.value) fresh();
  else if (!live.value) void refresh();
}

function again(): void {
  if (document.hidden) return;
  if (live.value?.state === "waiting") void deliver();
  else if (!live.value && ticket.value) void refresh();
}

export function fresh(): void {
  openId.value = "";
  opening = null;
  entries.value = [];
  live.value = null;
  problem.value = "";
}

export function open(id: string): void {
  if (id === openId.value) return;
  if (live.value?.state !== "sending") live.value = null;
  entries.value = [];
  openId.value = id;
  void refresh(true);
}

/** signIn takes a token of the site's; what another member had here goes. */
export async function signIn(token: string): Promise<void> {
  const before = me.value, guest = current.value;
  const merged = await identify(token, guest && !guest.member ? { id: guest.id, token: guest.token } : undefined);
  const now = me.value;
  if (before && before.id !== now?.id) leave(before.id);
  if (merged && guest && now) changeKept(guest.id, { member: now.id, token: "" });
  if (now && now.id !== before?.id && !openId.value && !live.value && own.value[0]?.member) open(own.value[0].id);
}

/** leave forgets what a member had here. */
function leave(id: string): void {
  change((m) => {
    m.conversations = m.conversations.filter((c) => c.member !== id);
    if (m.pending?.member !== id) return;
    delete m.pending;
    delete m.earlier;
  });
  about.value = null;
  if (openId.value && !current.value || live.value?.pending.member === id) {
    stop();
    fresh();
  }
  tabs?.postMessage("");
}

/** depart signs the member out, and leaves nothing of theirs, also where their session is gone. */
export function depart(): void {
  const ids = new Set(memory.value.conversations.map((c) => c.member));
  if (me.value) ids.add(me.value.id);
  signOut();
  for (const id of ids) if (id) leave(id);
}

export function wipe(): void {
  stop();
  signOut();
  about.value = null;
  vault.wipe();
  tickets.value = {};
  memory.value = { visitor: "", conversations: [] };
  fresh();
  tabs?.postMessage("");
}

export function forget(id: string): void {
  change((m) => { m.conversations = m.conversations.filter((c) => c.id !== id); });
  if (openId.value !== id) return;
  openId.value = "";
  entries.value = [];
}

/** take merges what the server says of a conversation. */
function take(c: Conversation, from: Kept): void {
  if (owners.value[c.id] !== c.owner) owners.value = { ...owners.value, [c.id]: c.owner };
  if (c.ticket) tickets.value = { ...tickets.value, [c.id]: c.ticket };
  const last = c.entries.at(-1);
  const fromTeam = c.entries.filter((e) => e.author === "agent" && e.seq > (from.seen ?? 0));
  const now: Partial<Kept> = {};
  if (c.ticket && c.ticket.ref !== from.ref) now.ref = c.ticket.ref;
  if (last && last.created_at > from.at) now.at = last.created_at;
  const unread = reading.value && c.id === openId.value ? 0 : fromTeam.length;
  if (unread !== (from.unread ?? 0)) now.unread = unread;
  if (Object.keys(now).length) changeKept(c.id, now);
}

/** look reads a conversation whole, for its ticket and what was not read. */
export async function look(c: Kept): Promise<Conversation | null> {
  try {
    const got = await call<Conversation>(path(c.id), { token: keyOf(c) });
    take(got, c);
    return got;
  } catch (e) {
    if (gone(e) && !c.member) forget(c.id);
    return null;
  }
}

/** gone says that the server no longer has a conversation, or no longer lets its token in. */
const gone = (e: unknown): boolean => e instanceof Refused && [401, 404, 410].includes(e.status);

/** refresh reads the open conversation, and says whether it could; settled: with what was on its way. */
export async function refresh(first = false, settled = false): Promise<boolean> {
  const c = current.value;
  if (!c) return false;
  if (first) loading.value = true;
  problem.value = "";
  try {
    const got = await call<Conversation>(path(c.id), { token: keyOf(c) });
    if (openId.value !== c.id) return false;
    const known = new Set(entries.value.map((e) => e.seq));
    for (const e of first ? [] : got.entries) {
      if (e.author === "agent" && !known.has(e.seq)) say(`${e.name || t("thread.team")} : ${e.text}`);
    }
    batch(() => {
      entries.value = got.entries;
      if (settled) live.value = null;
      take(got, c);
    });
    seen();
    return true;
  } catch (e) {
    if (gone(e) && !(c.member && (e as Refused).status === 401)) {
      forget(c.id);
      problem.value = t("widget.gone");
    } else if (first) problem.value = t("widget.not_loaded");
    return false;
  } finally {
    if (openId.value === c.id || !openId.value) loading.value = false;
  }
}

/** seen notes that everything was read, where it was. */
export function seen(): void {
  const c = current.value;
  const last = entries.value.at(-1)?.seq ?? 0;
  if (reading.value && c && (last > (c.seen ?? 0) || c.unread)) changeKept(c.id, { seen: last, unread: 0 });
}

/** conversation is the open one; it is made, once, where there is none. */
export const conversation = async (title = ""): Promise<Kept> => {
  if (current.value) return current.value;
  const one = (opening ??= make(title).finally(() => { if (opening === one) opening = null; }));
  return one;
};

async function make(title: string): Promise<Kept> {
  const by = me.value, subject = about.value && { type: about.value.type, id: about.value.id };
  const { id, token } = await call<{ id: string; token: string }>("conversations", { body: { lang: config.lang, site, subject }, token: auth.session });
  const c: Kept = { id, token: by ? "" : token, ...(by && { member: by.id }), lang: config.lang, title: title.slice(0, 90), at: new Date().toISOString() };
  change((m) => m.conversations.unshift(c));
  openId.value = id;
  return c;
}

/** send asks a question, or writes to the team where the conversation has a ticket. While a question
 *  waits for its answer the next one goes after it, and the server answers both at once. */
export function send(text: string, files?: string[]): void {
  const pending: Pending = { conversation: openId.value, client_id: secret(), text: text.trim() };
  if (staffed.value) pending.ticket = true;
  else if (owners.value[openId.value] === "closed") pending.conversation = ""; // nobody answers there any more
  if (pending.ticket && files?.length) pending.files = files;
  if (me.value) pending.member = me.value.id;
  if (about.value) pending.subject = { type: about.value.type, id: about.value.id };
  const before = live.value;
  const earlier = before?.state === "sending" && !before.answer && stopping ? [...before.earlier, before.pending] : [];
  if (earlier.length) {
    left.push(stopping!);
    stopping = null;
  }
  change((m) => { m.pending = pending; m.earlier = earlier; });
  live.value = { pending, earlier, state: "sending", sentences: [], citations: [] };
  void deliver();
}

const isLive = (p: Pending): boolean => live.value?.pending.client_id === p.client_id;

/** overtaken ends what a message did before which a later one is shown: it has its own answer, or the
 *  later one's. */
async function overtaken(p: Pending): Promise<void> {
  await refresh();
  const own = entries.value.some((e) => e.client_id === p.client_id && e.answer);
  if (own && live.value) set({ earlier: live.value.earlier.filter((x) => x.client_id !== p.client_id) });
}

/** lost sends again, one after the other, what the server has never seen of the messages before. */
function lost(earlier: Pending[]): void {
  const p = earlier.find((x) => x.conversation && x.conversation === openId.value && !entries.value.some((e) => e.client_id === x.client_id));
  if (!p || live.value) return;
  change((m) => { m.pending = p; m.earlier = []; });
  live.value = { pending: p, earlier: [], state: "sending", sentences: [], citations: [] };
  queueMicrotask(() => void deliver());
}

const set = (more: Partial<Live>): void => { if (live.value) live.value = { ...live.value, ...more }; };

/** deliver sends what is pending. Only one tab does at a time; the next finds it done. */
export async function deliver(): Promise<void> {
  clearTimeout(retry);
  const now = live.value;
  if (!now || stopping) return;
  live.value = { pending: now.pending, earlier: now.earlier, state: "sending", sentences: [], citations: [] };
  const mine = (stopping = new AbortController());
  if (!memory.value.pending) change((m) => { m.pending = now.pending; }); // it had been stopped
  const turn = (f: () => Promise<void>): Promise<void> =>
    navigator.locks ? navigator.locks.request("guichet:" + now.pending.client_id, f) as Promise<void> : f();
  await turn(async () => {
    const kept = vault.read();
    const pending = [kept.pending, ...(kept.earlier ?? [])].find((p) => p?.client_id === now.pending.client_id);
    if (!pending) { // another tab has it
      if (stopping === mine) stopping = null;
      if (!isLive(now.pending)) return;
      live.value = null;
      await refresh();
      return;
    }
    try {
      await transmit(pending, mine.signal);
      if (!isLive(pending)) return await overtaken(pending);
      const { earlier } = live.value!;
      settle(pending);
      if (await refresh(false, true)) lost(earlier);
      else keep();
    } catch (e) {
      if (isLive(pending)) failed(e, pending);
    } finally {
      left = left.filter((x) => x !== mine);
      if (stopping === mine) stopping = null;
    }
  });
}

/** settle takes the pending text off the memory: it has arrived. */
function settle(p: Pending): void {
  tries = 0;
  if (network.value === "lost") network.value = "";
  change((m) => {
    if (m.pending?.client_id !== p.client_id) return;
    delete m.pending;
    delete m.earlier;
  });
  tabs?.postMessage("");
}

/** keep shows what has arrived as if it had been read again, until it is. */
function keep(): void {
  const { pending, earlier, answer } = live.value!;
  let seq = entries.value.at(-1)?.seq ?? 0;
  const created_at = new Date().toISOString();
  const sent = [...earlier, pending].filter((p) => !entries.value.some((e) => e.client_id === p.client_id));
  entries.value = [...entries.value, ...sent.map(({ client_id, text }): Entry => ({ seq: ++seq, kind: "message", author: "member", client_id, text, created_at })),
    ...(answer ? [{ seq: seq + 1, kind: "answer", author: "assistant", text: answer.text, answer, created_at } as Entry] : [])];
  live.value = null;
}

function failed(e: unknown, pending: Pending): void {
  if (e instanceof DOMException) { // stopped
    settle(pending);
    return set({ state: "stopped" });
  }
  if (!(e instanceof Refused)) { // no network, or it broke in the middle
    set({ state: "waiting" });
    if (!navigator.onLine) network.value = "offline";
    else {
      retry = window.setTimeout(() => void deliver(), Math.random() * Math.min(30_000, 1000 * 2 ** tries++) + 500);
      setTimeout(() => { if (tries) network.value ||= "lost"; }, 2000);
    }
    return;
  }
  if (gone(e) && pending.conversation && !(pending.subject && e.status === 404) && !(pending.member && e.status === 401)) { // begin another one, with the same question
    forget(pending.conversation);
    const moved: Pending = { conversation: "", client_id: pending.client_id, text: pending.text };
    change((m) => { m.pending = moved; delete m.earlier; });
    set({ pending: moved, earlier: [] });
    queueMicrotask(() => void deliver());
    return;
  }
  settle(pending);
  set({ state: "failed", problem: Object.values(e.fields)[0] ?? (e.message || t("ask.failed")) });
}

async function transmit(p: Pending, signal: AbortSignal): Promise<void> {
  if (p.conversation) openId.value = p.conversation;
  const c = await conversation(p.text);
  if (!p.conversation) {
    const known = (x: Pending): Pending => (x.client_id === p.client_id ? { ...x, conversation: c.id } : x);
    change((m) => {
      if (m.pending) m.pending = known(m.pending);
      if (m.earlier) m.earlier = m.earlier.map(known);
    });
    if (live.value) set({ pending: known(live.value.pending), earlier: live.value.earlier.map(known) });
  }
  if (!c.title) changeKept(c.id, { title: p.text.slice(0, 90) });
  const body = { client_id: p.client_id, text: p.text, lang: config.lang, subject: p.subject };
  if (p.ticket) {
    await call(path(c.id, "/messages"), { body: { client_id: p.client_id, text: p.text, attachments: p.files ?? [] }, token: keyOf(c), signal });
    return;
  }
  await begun; // in their order
  const answer = stream(path(c.id, "/questions"), { body, token: keyOf(c), signal });
  begun = new Promise((resolve) => setTimeout(resolve, 50));
  for await (const { name, data } of answer) {
    const value = JSON.parse(data) as never;
    if (name === "answer" && !isLive(p)) return;
    if (!isLive(p) && name !== "error") continue;
    if (name === "joined") set({ about: undefined, sentences: [], citations: [] });
    else if (name === "about") set({ about: value as Told });
    else if (name === "sources") set({ articles: (value as { articles: unknown[] }).articles.length });
    else if (name === "delta") add(value as Sentence & { citation?: Citation });
    else if (name === "answer") return done(value as Answer);
    else if (name === "error") throw new Refused((value as { status: number }).status, value as object);
  }
  throw new TypeError("the stream ended early");
}

function add(d: Sentence & { citation?: Citation }): void {
  const l = live.value;
  if (l) set({ sentences: [...l.sentences, { text: d.text, citations: d.citations }], citations: d.citation ? [...l.citations, d.citation] : l.citations });
}

function done(a: Answer): void {
  set({ answer: a });
  changeKept(openId.value, { at: new Date().toISOString() });
  say(`${t("answer.assistant")} : ${lead(a)} ${a.translation ? t("answer.translated") + " " + a.translation.text : a.text}`);
  event("answer", { id: a.id, outcome: a.outcome, handoff: a.handoff?.reason });
}

/** stop leaves the question that is being answered, and those that were sent before it. */
export const stop = (): void => { for (const c of [...left, stopping]) c?.abort(); };
