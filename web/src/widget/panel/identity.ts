// Who the member is: what the page's site vouches for, exchanged for a session of ours. The session
// stands in this tab's own storage; no other page of the site, and nobody after sign-out, gets it.

import { signal } from "@preact/signals";
import { auth, call, Refused } from "./api.ts";
import { event, tell } from "./bridge.ts";

export interface Me { session: string; expires: string; id: string; from: string; name: string }
export const me = signal<Me | null>(null);

const key = "guichet-member";

function set(m: Me | null): void {
  me.value = m;
  auth.session = m?.session ?? "";
  try {
    if (m) sessionStorage.setItem(key, JSON.stringify(m));
    else sessionStorage.removeItem(key);
  } catch { /* this page alone remembers */ }
}

try {
  const m = JSON.parse(sessionStorage.getItem(key)!) as Me | null;
  if (m && Date.parse(m.expires) > Date.now()) set(m);
} catch { /* nothing there, or not allowed */ }

let stale = false; // the session has ended before its time
let waiting: ((ok: boolean) => void)[] = [];

function settle(ok: boolean): void {
  stale = false;
  for (const w of waiting.splice(0)) w(ok);
}

/** The page is asked for another token where the session has ended. */
auth.renew = () => new Promise((resolve) => {
  stale = true;
  waiting.push(resolve);
  if (waiting.length > 1) return;
  tell("token");
  setTimeout(() => settle(false), 10_000);
});

/** from is whose key a token names, and whom it speaks of, unchecked: enough to tell one from another. */
function from(token: string): string {
  const part = (i: number): Record<string, unknown> => {
    const bytes = Uint8Array.from(atob(token.split(".")[i]!.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  };
  try {
    return `${part(0)["kid"]} ${part(1)["sub"]}`;
  } catch {
    return "";
  }
}

interface Got { session: string; expires_at: string; merged: boolean; member: { id: string; site: string; name: string } }
type Guest = { id: string; token: string } | undefined;

/** identify takes a token of the site's. It returns whether the guest's conversation is the member's now. */
export async function identify(token: string, guest: Guest): Promise<boolean> {
  const now = me.value;
  if (now && !stale && now.from === from(token)) return false; // the same member, on another page
  try {
    const ask = (conversation: Guest): Promise<Got> => call<Got>("identity", { body: { token, conversation } });
    // A conversation that its token does not open any more must not keep its owner out.
    const got = await ask(guest).catch((e) => guest && e instanceof Refused && e.status === 401 ? ask(undefined) : Promise.reject(e));
    const { id, site, name } = got.member;
    if (now) end(now.session);
    set({ session: got.session, expires: got.expires_at, id: site + " " + id, from: from(token), name });
    event("identify", { id });
    settle(true);
    return got.merged;
  } catch (e) {
    if (e instanceof Refused) set(null);
    event("identify:error", { reason: e instanceof Refused ? e.message : "network" });
    settle(false);
    return false;
  }
}

/** unknown says that the page had no token to give. */
export function unknown(): void {
  event("identify:error", { reason: "no token" });
  settle(false);
}

const end = (token: string): void => {
  call("identity", { method: "DELETE", token, keepalive: true }).catch(() => {}); // it ends by itself
};

/** signOut ends the session, here and on the server. */
export function signOut(): void {
  const token = auth.session;
  set(null);
  if (token) end(token);
}
