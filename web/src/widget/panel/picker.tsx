// Which order or object the question is about: the member's own, as their site tells of them.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { auth, call, type MyObject, type MyOrder } from "./api.ts";
import { event } from "./bridge.ts";
import { me } from "./identity.ts";
import { go } from "./nav.ts";
import { Icon, Loading, reason, Retry, Section } from "./parts.tsx";
import { about, fresh, say, type About } from "./session.ts";
import { day, t } from "./text.ts";

type Choice = About & { meta: string; status?: string };

const ofOrder = (o: MyOrder): Choice => ({
  type: "order", id: o.id, title: o.title, number: o.number, status: o.status,
  meta: [o.number, day(o.placed_at), o.total?.text, o.other && t(`subject.${o.role}`, { name: o.other.name })].filter(Boolean).join(" · "),
});
const ofObject = (o: MyObject): Choice => ({ type: "object", id: o.id, title: o.title, meta: o.price?.text ?? "" });

const key = (c: About): string => c.type + " " + c.id;

export function Picker(): JSX.Element {
  const [q, setQ] = useState("");
  const [orders, setOrders] = useState<MyOrder[] | null>(null);
  const [objects, setObjects] = useState<MyObject[]>([]);
  const [problem, fail] = useState("");
  const [chosen, choose] = useState(about.value ? key(about.value) : "");
  const read = (): (() => void) => {
    const stop = new AbortController();
    const soon = setTimeout(() => {
      fail("");
      const member = { token: auth.session, signal: stop.signal };
      Promise.all([
        call<{ orders: MyOrder[] }>("me/orders", { ...member, query: { q, limit: "20" } }),
        q ? null : call<{ objects: MyObject[] }>("me/objects", { ...member, query: { limit: "10" } }),
      ]).then(([a, b]) => {
        setOrders(a.orders);
        if (b) setObjects(b.objects);
        if (q) say(t("subject.found", { n: a.orders.length }));
      }, (e: unknown) => { if (!stop.signal.aborted) fail(reason(e)); });
    }, q ? 150 : 0);
    return () => { clearTimeout(soon); stop.abort(); };
  };
  useEffect(read, [q]);
  const choices = [...(orders ?? []).map(ofOrder), ...(q ? [] : objects.map(ofObject))];
  const done = (): void => {
    const c = choices.find((x) => key(x) === chosen);
    if (!c && chosen !== "other") return;
    about.value = c ? { type: c.type, id: c.id, title: c.title, ...(c.number && { number: c.number }) } : null;
    fresh();
    go("conversation");
    requestAnimationFrame(() => document.getElementById("composer")?.focus());
  };
  const card = (c: Choice): JSX.Element => (
    <label class="pick" key={key(c)} data-part="pick" data-id={c.id}>
      <input type="radio" name="subject" value={key(c)} checked={chosen === key(c)} onChange={() => choose(key(c))} />
      <span><strong dir="auto">{c.title}</strong>{c.meta && <span class="meta"><bdi>{c.meta}</bdi></span>}</span>
      {c.status && <span class="chip" dir="auto">{c.status}</span>}
    </label>
  );
  return (
    <form class="page form" data-part="picker" onSubmit={(e) => { e.preventDefault(); done(); }}>
      <h2 tabIndex={-1} data-focus>{t("subject.title")}</h2>
      <div class="search box">
        <Icon is="search" />
        <label class="unseen" for="pick-search">{t("subject.search")}</label>
        <input type="search" id="pick-search" dir="auto" autocomplete="off" maxlength={200} placeholder={t("subject.search")} value={q} onInput={(e) => setQ(e.currentTarget.value)} />
      </div>
      {problem && <Retry text={problem} again={() => void read()} />}
      {!orders && !problem && <Loading />}
      {orders && <fieldset class="picks">
        <legend class="unseen">{t("subject.title")}</legend>
        <Section title={t("subject.orders")}>
          {orders.length ? orders.map((o) => card(ofOrder(o))) : <p class="muted">{t("subject.none")}</p>}
        </Section>
        {!q && objects.length > 0 && <Section title={t("subject.objects")}>{objects.map((o) => card(ofObject(o)))}</Section>}
        <label class="pick" data-part="pick-other">
          <input type="radio" name="subject" value="other" checked={chosen === "other"} onChange={() => choose("other")} />
          <span>{t("subject.other")}</span>
        </label>
      </fieldset>}
      <button type="submit" class="button primary" data-part="pick-done" aria-disabled={chosen ? undefined : "true"}>{t("subject.choose")}</button>
    </form>
  );
}

/** attach chooses an order or object that the page names, for the next question. */
export async function attach(of: unknown): Promise<void> {
  const { order_id, object_id, label } = (of ?? {}) as { order_id?: string; object_id?: string; label?: string };
  const id = order_id ?? object_id;
  if (!id) return;
  if (!me.value) return event("identify:error", { reason: "no member" });
  fresh();
  about.value = { type: order_id ? "order" : "object", id, title: label || id };
  // As the site calls it in the member's language, where it is among the last of theirs.
  const got = await call<{ orders?: MyOrder[]; objects?: MyObject[] }>(order_id ? "me/orders" : "me/objects", { token: auth.session, query: { limit: "100" } }).catch(() => null);
  const found = (got?.orders ?? got?.objects ?? []).find((x) => x.id === id);
  if (found && about.value?.id === id) about.value = { ...about.value, title: found.title, ...("number" in found && { number: found.number }) };
}
