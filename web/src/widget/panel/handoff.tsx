// To a person: the ways that are open, the request, and what comes next.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { prover } from "../../proof/proof.ts";
import type { Files } from "../attach.ts";
import { Attach } from "./attach.tsx";
import { call, Refused, type Existing, type Option, type Options, type Ticket } from "./api.ts";
import { event } from "./bridge.ts";
import { back, go, openHandoff } from "./nav.ts";
import { Fields, Missing } from "./fields.tsx";
import { Copy, FieldError, Icon, Loading, reason, Retry, Section, Status } from "./parts.tsx";
import { about as subjectOf, changeKept, conversation, keyOf, lastQuestion, owners, path, refresh, tickets } from "./session.ts";
import { secret } from "./storage.ts";
import { config, ownZone, t, time } from "./text.ts";

/** What was typed stays while the panel lives, whatever is opened in between. */
interface Draft { email: string; category: string; guessed: boolean; fields: Record<string, string>; text: string | null; client_id: string }
const draft = signal<Draft>({ email: "", category: "", guessed: false, fields: {}, text: null, client_id: secret() });
const type = (more: Partial<Draft>): void => { draft.value = { ...draft.value, ...more }; };

/** useOptions reads the ways to a person, for a conversation that is made if need be. */
function useOptions(title: string, category = ""): { options: Options | null; failed: string; again: () => void } {
  const [options, set] = useState<Options | null>(null);
  const [failed, fail] = useState("");
  const again = (): void => {
    fail("");
    void (async () => {
      const c = await conversation(title);
      set(await call<Options>(path(c.id, "/contact-options"), { token: keyOf(c), query: { tz: ownZone, ...(category && { category }) } }));
    })().catch((e) => fail(reason(e)));
  };
  useEffect(again, [category]);
  return { options, failed, again };
}

const Card = ({ of: o, start }: { of: Option; start?: () => void }): JSX.Element => (
  <li class="channel" data-part="channel" data-channel={o.channel} data-state={o.state}>
    <h3><Icon is={o.channel === "email" ? "mail" : o.channel === "chat" ? "talk" : "hand"} />{o.name}</h3>
    {o.lines.map((line, i) => <p key={i} class={i ? "meta" : undefined}>{line}</p>)}
    {o.recommended && <p><span class="chip">{t("channel.recommended")}</span></p>}
    {start && o.state === "open" && o.channel === "email" && <button type="button" class="button primary" id={"start-" + o.channel} data-part="start" onClick={start}>{t("channel.email_start")}</button>}
  </li>
);

/** Channels are the cards under an answer that could not be given. */
export function Channels(_: { id: string }): JSX.Element {
  const { options, failed, again } = useOptions("");
  if (failed) return <Retry text={failed} again={again} />;
  return options ? <ul class="channels">{options.options.map((o) => <Card key={o.channel} of={o} start={() => openHandoff(lastQuestion.value)} />)}</ul> : <Loading />;
}

export function Handoff({ text }: { text: string }): JSX.Element {
  const { options, failed, again } = useOptions(text, draft.value.category);
  const [written, setWritten] = useState("");
  const first = options?.contact_first;
  const [ticket, done] = useState<Ticket | null>(null);
  if (ticket) return <Done of={ticket} />;
  return (
    <div class="page" data-part="handoff">
      <h2 tabIndex={-1} data-focus>{t("request.title")}</h2>
      {failed && <Retry text={failed} again={again} />}
      {!options && !failed && <Loading />}
      {options && <>
        {options.existing.map((x) => (
          <p class="notice" key={x.ref} data-part="existing"><span><strong>{x.promise}</strong> <Status of={x} /><br /><a href={x.url} target="_blank" rel="noopener">{t("widget.open_ticket")}<span class="unseen">{t("widget.new_tab")}</span></a></span></p>
        ))}
        {text && <p><span class="meta">{t("ask.label")}</span><br /><q dir="auto" data-part="summary">{text}</q></p>}
        <ul class="channels">{options.options.map((o) => <Card key={o.channel} of={o} />)}</ul>
        {first && written !== first.name && <First of={first} done={() => setWritten(first.name)} />}
        {options.options.some((o) => o.channel === "email" && o.state === "open") && <Form text={text} known={options.options.some((o) => o.channel === "email" && !o.need)} done={done} />}
      </>}
    </div>
  );
}

/** First asks to write to the other party before: most is settled quickest between the two. */
const First = ({ of: f, done }: { of: NonNullable<Options["contact_first"]>; done: () => void }): JSX.Element => (
  <section class="notice" data-part="contact-first">
    <div class="stack">
      <h3>{t("contact_first." + f.party, { name: f.name })}</h3>
      <p>{t("contact_first.why")}</p>
      {f.url && <a class="button primary" href={f.url} target="_blank" rel="noopener">{t("contact_first.write", { name: f.name })}<Icon is="out" /><span class="unseen">{t("widget.new_tab")}</span></a>}
      <button type="button" class="button outline" data-part="contact-first-done" onClick={done}>{t("contact_first.done")}</button>
    </div>
  </section>
);

/** Repeated says that the member has asked the same before, and offers to add to that. */
const Repeated = ({ of: x, add }: { of: Existing; add: (ref: string) => void }): JSX.Element => (
  <div class="notice" data-part="repeated" role="status">
    <div class="stack">
      <p><strong>{x.promise}</strong>{x.subject && <><br /><q dir="auto">{x.subject}</q></>}</p>
      <button type="button" class="button primary" data-part="add-to" data-ref={x.ref} onClick={() => add(x.ref)}>{t("existing.add")}</button>
      <a href={x.url} target="_blank" rel="noopener">{t("existing.open_it")}<span class="unseen">{t("widget.new_tab")}</span></a>
    </div>
  </div>
);

/** subject is the order or object that the request is about. */
const subject = (): { type: string; id: string } | null => subjectOf.value && { type: subjectOf.value.type, id: subjectOf.value.id };

interface Advice { existing: Existing[]; category_suggestions: { key: string }[] }

function Form({ text, known, done }: { text: string; known: boolean; done: (t: Ticket) => void }): JSX.Element {
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const files = useRef<Files>(null);
  const [work] = useState(() => import(config.attach).then((m: { prover: typeof prover }) => m.prover("request")).catch(() => null));
  const d = draft.value;
  const words = d.text ?? text;
  const [repeated, setRepeated] = useState<Existing[]>([]);
  const category = config.categories.find((c) => c.key === d.category);
  // While one writes: have they asked that before, and what is it about? A network that is away says nothing.
  useEffect(() => {
    if (words.trim().length < 8) return setRepeated([]);
    const wait = setTimeout(() => void (async () => {
      const c = await conversation(words);
      const chosen = draft.value.guessed ? "" : draft.value.category;
      const a = await call<Advice>(path(c.id, "/similar"), { token: keyOf(c), body: { text: words, ...(chosen && { category: chosen }), ...(subject() && { subject: subject() }) } });
      setRepeated(a.existing);
      const guess = a.category_suggestions[0]?.key;
      if (guess && (!draft.value.category || draft.value.guessed) && config.categories.some((x) => x.key === guess)) type({ category: guess, guessed: true });
    })().catch(() => {}), 700);
    return () => clearTimeout(wait);
  }, [words, d.guessed ? "" : d.category]);
  const show = (wrong: Record<string, string>): void => {
    setErrors(wrong);
    setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };
  const submit = async (addTo = ""): Promise<void> => {
    if (busy) return;
    if (files.current?.busy()) return setProblem(t("widget.attach_wait"));
    setProblem("");
    setBusy(true);
    setErrors({});
    try {
      const c = await conversation(words);
      const send = (proof: string): Promise<{ ticket: Ticket }> => call(path(c.id, "/handoff"), {
        token: keyOf(c),
        body: { client_id: d.client_id, channel: "email", category: d.category, email: d.email.trim(), text: words, attachments: files.current?.ids() ?? [], proof,
          ...(subject() && { subject: subject() }),
          fields: Object.fromEntries((category?.fields ?? []).flatMap((f) => d.fields[f.key] ? [[f.key, d.fields[f.key]]] : [])),
          ...(addTo && { add_to: addTo }) },
      });
      const { ticket } = await ((await work)?.send(send) ?? send(""));
      if (!addTo) {
        tickets.value = { ...tickets.value, [c.id]: ticket };
        owners.value = { ...owners.value, [c.id]: "queue" };
        changeKept(c.id, { ref: ticket.ref, at: new Date().toISOString() });
      }
      type({ text: null, category: "", guessed: false, fields: {}, client_id: secret() });
      event("handoff", { channel: "email", ref: ticket.ref });
      if (!addTo) event("ticket:created", { ref: ticket.ref });
      done(ticket);
      void refresh();
    } catch (e) {
      if (e instanceof Refused && Object.keys(e.fields).length && !e.fields["proof"]) show(e.fields);
      else setProblem(reason(e, "widget.not_sent"));
    } finally {
      setBusy(false);
    }
  };
  const about = (name: string, hint?: string): { id: string; "aria-invalid"?: "true"; "aria-describedby"?: string } => ({
    id: "request-" + name,
    ...(errors[name] && { "aria-invalid": "true" as const }),
    "aria-describedby": [hint && `request-${name}-hint`, errors[name] && `request-${name}-error`].filter(Boolean).join(" "),
  });
  const error = (name: string): JSX.Element | false => !!errors[name] && <FieldError id={`request-${name}-error`} text={errors[name]!} />;
  return (
    <form class="form" ref={form} noValidate data-part="request-form" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <div class="field">
        <label for="request-email">{t("request.email")}</label>
        <p class="hint" id="request-email-hint">{t(known ? "request.email_known" : "request.email_hint")}</p>
        <input type="email" autocomplete="email" inputmode="email" maxlength={254} value={d.email} onInput={(e) => type({ email: e.currentTarget.value })} {...about("email", "hint")} />
        {error("email")}
      </div>
      <div class="field">
        <label for="request-category">{t("request.category")}</label>
        <select value={d.category} onChange={(e) => type({ category: e.currentTarget.value, guessed: false })} {...about("category", d.guessed ? "hint" : undefined)}>
          <option value="">{t("request.category_choose")}</option>
          {config.categories.map((c) => <option key={c.key} value={c.key}>{c.label}</option>)}
        </select>
        {d.guessed && <p class="hint" id="request-category-hint" data-part="guessed">{t("request.suggested")}</p>}
        {error("category")}
      </div>
      <div class="field">
        <label for="request-text">{t("request.text")}</label>
        <p class="hint" id="request-text-hint">{t("request.text_hint")}</p>
        <textarea rows={4} dir="auto" value={words} onInput={(e) => type({ text: e.currentTarget.value })} {...about("text", "hint")} />
        {error("text")}
      </div>
      {category && (category.hint || category.fields.length > 0) && <fieldset class="asked" data-part="asked">
        <legend>{t("request.help_us")}</legend>
        {category.hint && <p class="hint">{category.hint}</p>}
        <Fields of={category.fields} values={d.fields} errors={errors} set={(key, v) => type({ fields: { ...d.fields, [key]: v } })} />
      </fieldset>}
      <Attach files={files} title={words} />
      {error("attachments")}
      {problem && <p class="field-error" role="alert"><Icon is="alert" /><span>{problem}</span></p>}
      {repeated.map((x) => <Repeated key={x.ref} of={x} add={(ref) => void submit(ref)} />)}
      <button type="submit" class={repeated.length ? "button outline" : "button primary"} data-part="request-send" aria-disabled={busy ? "true" : undefined}>{busy ? t("widget.sending") : t(repeated.length ? "existing.insist" : "request.send")}</button>
      <p class="meta">{t(known ? "request.next_known" : "request.next")}</p>
    </form>
  );
}

function Done({ of: given }: { of: Ticket }): JSX.Element {
  const [x, set] = useState(given);
  return (
    <div class="page" data-part="done">
      <h2 tabIndex={-1} data-focus class="good"><Icon is="check" />{t("widget.received")}</h2>
      <p class="ref"><span>{t("ticket.title", { ref: "" }).trim()}</span> <strong data-part="ref"><bdi>{x.ref}</bdi></strong> <Status of={x} /><Copy text={x.ref} label={t("action.copy")} /></p>
      {x.held ? <Section title={t("ticket.held_title")}>
        <p>{t("ticket.held_text", { email: draft.value.email })}</p>
        <p class="meta">{t("ticket.spam_hint")}</p>
      </Section> : x.promised_at && <p>{t("ticket.promised", { date: time(x.promised_at) })}</p>}
      <Missing of={x} filled={set} />
      <div class="stack">
        <a class="button primary" href={x.url} target="_blank" rel="noopener" data-part="ticket-link">{t("widget.open_ticket")}<Icon is="out" /><span class="unseen">{t("widget.new_tab")}</span></a>
        <button type="button" class="button outline" onClick={() => { back(); go("conversation"); }}>{t("widget.to_conversation")}</button>
      </div>
    </div>
  );
}
