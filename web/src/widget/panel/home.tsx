// The first tab.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { me } from "./identity.ts";
import { go, openPicker } from "./nav.ts";
import { Composer, Icon, Links, Section, Talk } from "./parts.tsx";
import { Row, to } from "./row.tsx";
import { fresh, look, own as mine, send, tickets } from "./session.ts";
import { useShelf } from "./shelf.ts";
import { config, day, t } from "./text.ts";

/** ask begins another conversation. */
export function ask(text: string): void {
  fresh();
  go("conversation");
  send(text);
  requestAnimationFrame(() => document.getElementById("composer")?.focus());
}

export function Home(): JSX.Element {
  const all = mine.value;
  const own = all.filter((c) => tickets.value[c.id] && tickets.value[c.id]!.status !== "closed");
  const { shelf } = useShelf();
  useEffect(() => { for (const c of all) if (c.ref && !tickets.value[c.id]) void look(c); }, []);
  return (
    <div class="page home" data-part="home">
      <h2 class="greeting">{t("home.title")}</h2>
      <Composer id="ask" label={t("ask.label")} placeholder={t("ask.placeholder")} max={config.maxQuestion} send={ask} />
      <p class="meta hint"><Icon is="spark" /><span>{t("ask.hint")}</span></p>
      {me.value && <ul class="rows"><li><button type="button" class="row-link" id="pick" data-part="pick-open" onClick={openPicker}>
        <Icon is="bag" /><span>{t("subject.title")}<span class="meta" data-part="who"><bdi>{me.value.name}</bdi></span></span><Icon is="right" />
      </button></li></ul>}
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
