// What this browser remembers of its conversations. Where the browser keeps a frame of another site
// from storing anything, the page that embeds it holds the same text.

export interface Kept {
  id: string;
  token: string;
  lang: string;
  title: string;
  at: string; // of the last movement
  ref?: string; // of its ticket
  seen?: number; // the last entry that was read
  unread?: number; // messages of the team since
  member?: string; // whose it is: it opens with their session, and no token of it is kept
}

/** Pending is what the member has sent and the server has not answered yet. */
export interface Pending {
  conversation: string; // "" before there is one
  client_id: string;
  text: string;
  ticket?: boolean; // a message for the team, not a question
  files?: string[]; // that go with it
  member?: string; // who has sent it
  subject?: { type: string; id: string }; // that it is about
}

export interface Memory {
  visitor: string; // tells one visitor's votes from another's; says nothing about who it is
  conversations: Kept[]; // the newest first
  pending?: Pending;
  earlier?: Pending[]; // sent before it, and answered together with it
}

export const most = 10;
const key = "guichet";

/** secret makes 32 random characters. */
export const secret = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

export function parse(text: string): Memory {
  try {
    const m = JSON.parse(text) as Memory;
    if (typeof m.visitor === "string" && Array.isArray(m.conversations)) return m;
  } catch { /* nothing there, or not ours */ }
  return { visitor: secret(), conversations: [] };
}

export class Vault {
  #local: () => Storage;
  #lend: (value: string) => void;
  #text: string;
  #blocked = false;
  #written = false;

  /** local gives the browser's storage, or throws; lend hands the page what the browser refuses; lent is what it gives back. */
  constructor(local: () => Storage, lend: (value: string) => void, lent: string) {
    this.#local = local;
    this.#lend = lend;
    this.#text = lent;
  }

  read(): Memory {
    if (!this.#blocked) {
      try {
        this.#text = this.#local().getItem(key) ?? (this.#written ? "" : this.#text); // wiped by another tab
      } catch {
        this.#blocked = true;
      }
    }
    return parse(this.#text);
  }

  write(m: Memory): void {
    const conversations = [...m.conversations].sort((a, b) => b.at.localeCompare(a.at)).slice(0, most);
    this.#text = JSON.stringify({ ...m, conversations });
    if (!this.#blocked) {
      try {
        this.#local().setItem(key, this.#text);
        this.#written = true;
        return;
      } catch {
        this.#blocked = true;
      }
    }
    this.#lend(this.#text);
  }

  wipe(): void {
    this.#text = "";
    try {
      this.#local().removeItem(key);
    } catch { /* nothing was kept there */ }
    this.#lend("");
  }
}
