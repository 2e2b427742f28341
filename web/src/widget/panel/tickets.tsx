// The tab with the requests: of the member who is signed in, wherever they were made; else those of
// this browser.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { auth, call, type Ticket } from "./api.ts";
import { me } from "./identity.ts";
import { go } from "./nav.ts";
import { Icon, Loading, Next, reason, Retry, Status, Talk } from "./parts.tsx";
import { Row } from "./row.tsx";
import { change, entries, look, open, own as mine, reading, refresh, ticket, tickets } from "./session.ts";
import { t } from "./text.ts";

interface My extends Ticket { subject: string; conversation: string; unread: number; moved_at: string; lang: string }
interface Page { tickets: My[]; next: string | null; unread: number }

export function Tickets(): JSX.Element {
  return (
    <div class="page" data-part="tickets">
      <h2>{t("widget.tab.tickets")}</h2>
      {me.value ? <Members key={me.value.id} /> : <Browsers />}
      <Talk id="tickets-talk" text="" />
    </div>
  );
}

function Browsers(): JSX.Element {
  const [done, setDone] = useState(false);
  useEffect(() => {
    void Promise.all(mine.value.filter((c) => c.ref).map(look)).then(() => setDone(true));
  }, []);
  const own = mine.value.filter((c) => tickets.value[c.id]);
  if (!own.length) return done ? <p class="muted">{t("widget.no_tickets")}</p> : <Loading />;
  return <ul class="rows">{own.map((c) => <li key={c.id}><Row of={c} />
    <a class="row-more" href={tickets.value[c.id]!.url} target="_blank" rel="noopener">{t("widget.open_ticket")}<Icon is="out" /><span class="unseen">{t("widget.new_tab")}</span></a></li>)}</ul>;
}

const asked = signal(""); // what is looked for, also when the tab is shown again

function Members(): JSX.Element {
  const [list, setList] = useState<My[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [wrong, setWrong] = useState("");
  const [turn, setTurn] = useState(0);
  const read = async (after: string | null, stale: () => boolean): Promise<void> => {
    setWrong("");
    try {
      const q = asked.value.trim();
      const got = await call<Page>("tickets", { token: auth.session, query: { ...(after && { after }), ...(q && { q }) } });
      if (stale()) return;
      const known = after ? list ?? [] : [];
      setList([...known, ...got.tickets.filter((x) => known.every((k) => k.ref !== x.ref))]);
      setNext(got.next);
    } catch (e) {
      if (!stale()) setWrong(reason(e));
    }
  };
  useEffect(() => {
    let left = false;
    const late = setTimeout(() => void read(null, () => left), asked.value ? 250 : 0);
    return () => { left = true; clearTimeout(late); };
  }, [asked.value, turn]);
  return (
    <>
      {(asked.value || (list?.length ?? 0) > 4) && <p class="field">
        <label class="unseen" for="tickets-search">{t("space.search")}</label>
        <input id="tickets-search" type="text" maxLength={200} placeholder={t("space.search")} value={asked.value} onInput={(e) => { asked.value = e.currentTarget.value; }} />
      </p>}
      {wrong ? <Retry text={wrong} again={() => setTurn(turn + 1)} /> : !list ? <Loading />
        : list.length ? <ul class="rows">{list.map((x) => <li key={x.ref}><Request of={x} /></li>)}</ul>
          : <p class="muted" role="status">{t(asked.value ? "space.none_found" : "space.none")}</p>}
      {next && <button type="button" class="button outline" data-part="more" onClick={() => void read(next, () => false)}>{t("space.next")}</button>}
    </>
  );
}

const Request = ({ of: x }: { of: My }): JSX.Element => (
  <button type="button" class="row-link" data-part="ticket" data-ref={x.ref} onClick={() => take(x)}>
    <span><span dir="auto">{x.subject}</span>
      <span class="row"><Status of={x} /><bdi class="meta">{x.ref}</bdi>{x.unread > 0 && <span class="unread">{t("space.new", { n: x.unread })}</span>}</span><Next of={x} /></span><Icon is="right" />
  </button>
);

/** take opens a request's conversation, which this browser may not have had before. */
function take(x: My): void {
  const by = me.value;
  if (!by) return;
  change((m) => {
    if (!m.conversations.some((c) => c.id === x.conversation)) {
      m.conversations.push({ id: x.conversation, token: "", member: by.id, lang: x.lang, title: x.subject.slice(0, 90), at: new Date().toISOString(), ref: x.ref });
    }
  });
  open(x.conversation);
  go("conversation");
}

/** Settle lets a member who is signed in mark the open request as solved, or take it up again. */
export function Settle({ of: x }: { of: Ticket }): JSX.Element | null {
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  if (!me.value || x.held || x.status === "closed") return null;
  const solved = x.status === "solved";
  const press = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setWrong("");
    try {
      await call(`tickets/${x.ref}/${solved ? "reopen" : "solved"}`, { body: {}, token: auth.session });
      await refresh();
    } catch (e) {
      setWrong(reason(e));
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" class="button quiet" data-part="settle" aria-disabled={busy} onClick={() => void press()}><Icon is={solved ? "reply" : "check"} />{t(solved ? "ticket.reopen" : "ticket.solved")}</button>
      {wrong && <p class="field-error" role="alert"><Icon is="alert" /><span>{wrong}</span></p>}
    </>
  );
}

const told = new Map<string, number>(); // the last entry of each request that the server knows to be read

/** Reads tells the server how far a member has read the open conversation. */
export function Reads(): null {
  const last = entries.value.at(-1)?.seq ?? 0, ref = ticket.value?.ref;
  useEffect(() => {
    if (!me.value || !ref || !reading.value || last <= (told.get(ref) ?? 0)) return;
    told.set(ref, last);
    void call(`tickets/${ref}/read`, { method: "POST", body: { seq: last }, token: auth.session }).catch(() => told.delete(ref));
  }, [ref, last, reading.value, me.value?.id]);
  return null;
}
