// The tab with the tickets of this browser.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon, Loading, Talk } from "./parts.tsx";
import { Row } from "./row.tsx";
import { look, own as mine, tickets } from "./session.ts";
import { t } from "./text.ts";

export function Tickets(): JSX.Element {
  const [done, setDone] = useState(false);
  useEffect(() => {
    void Promise.all(mine.value.filter((c) => c.ref).map(look)).then(() => setDone(true));
  }, []);
  const own = mine.value.filter((c) => tickets.value[c.id]);
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
