// The first tab, and the one with the member's tickets.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useShelf } from "./articles.tsx";
import { go } from "./nav.ts";
import { Composer, Icon, Links, Loading, Next, Section, Status, Talk } from "./parts.tsx";
import { fresh, look, memory, open, send, tickets } from "./session.ts";
import type { Kept } from "./storage.ts";
import { config, day, t } from "./text.ts";

const to = (c: Kept): void => { open(c.id); go("conversation"); };

const Unread = ({ of: c }: { of: Kept }): JSX.Element | null =>
  c.unread ? <span class="unread">{t("widget.launcher.unread", { n: c.unread })}</span> : null;

/** ask begins another conversation. */
export function ask(text: string): void {
  fresh();
  go("conversation");
  send(text);
  requestAnimationFrame(() => document.getElementById("composer")?.focus());
}

export function Home(): JSX.Element {
  const all = memory.value.conversations;
  const own = all.filter((c) => tickets.value[c.id] && tickets.value[c.id]!.status !== "closed");
  const { shelf } = useShelf();
  useEffect(() => { for (const c of all) if (c.ref && !tickets.value[c.id]) void look(c); }, []);
  return (
    <div class="page home" data-part="home">
      <h2 class="greeting">{t("home.title")}</h2>
      <Composer id="ask" label={t("ask.label")} placeholder={t("ask.placeholder")} max={config.maxQuestion} send={ask} />
      <p class="meta hint"><Icon is="spark" /><span>{t("ask.hint")}</span></p>
      {own.length > 0 && <Section title={t("widget.tab.tickets")}><ul class="rows">{own.map((c) => <li key={c.id}><Row of={c} /></li>)}</ul></Section>}
      {all.some((c) => c.title && !own.includes(c)) && <Section title={t("widget.recent")}>
        <ul class="rows">
          {all.filter((c) => c.title && !own.includes(c)).slice(0, 4).map((c) => (
            <li key={c.id}><button type="button" class="row-link" data-part="recent" onClick={() => to(c)}>
              <span><span dir="auto">{c.title}</span><span class="meta">{day(c.at)}</span></span><Icon is="right" />
            </button></li>
          ))}
        </ul>
      </Section>}
      {all.length < 2 && !!shelf?.articles.length && <Section title={t("home.popular")}><Links of={shelf.articles.slice(0, 4)} id="home" /></Section>}
      <Talk id="home-talk" text="" />
    </div>
  );
}

const Row = ({ of: c }: { of: Kept }): JSX.Element => {
  const x = tickets.value[c.id]!;
  return (
    <button type="button" class="row-link" data-part="ticket" data-ref={x.ref} onClick={() => to(c)}>
      <span><span dir="auto">{c.title || t("ticket.title", { ref: x.ref })}</span>
        <span class="row"><Status of={x} /><bdi class="meta">{x.ref}</bdi><Unread of={c} /></span><Next of={x} /></span><Icon is="right" />
    </button>
  );
};

export function Tickets(): JSX.Element {
  const [done, setDone] = useState(false);
  useEffect(() => {
    void Promise.all(memory.value.conversations.filter((c) => c.ref).map(look)).then(() => setDone(true));
  }, []);
  const own = memory.value.conversations.filter((c) => tickets.value[c.id]);
  return (
    <div class="page" data-part="tickets">
      <h2>{t("widget.tab.tickets")}</h2>
      {own.length > 0 && <ul class="rows">{own.map((c) => <li key={c.id}><Row of={c} />
        <a class="row-more" href={tickets.value[c.id]!.url} target="_blank" rel="noopener">{t("widget.open_ticket")}<Icon is="out" /><span class="unseen">{t("widget.new_tab")}</span></a></li>)}</ul>}
      {!own.length && (done ? <p class="muted">{t("widget.no_tickets")}</p> : <Loading />)}
      <Talk id="tickets-talk" text="" />
    </div>
  );
}
