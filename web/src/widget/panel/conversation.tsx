// The conversation: what was said, what is on its way, and the box to write in.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { About, Answer, By, Words } from "./answer.tsx";
import type { Entry } from "./api.ts";
import { Sent } from "./attach.tsx";
import { Composer, Icon, Loading, Next, Retry, Status, Talk } from "./parts.tsx";
import { about, deliver, entries, fresh, live, loading, openId, problem, refresh, send, staffed, stop, ticket, type Live } from "./session.ts";
import { config, t, time } from "./text.ts";
import { Reads, Settle } from "./tickets.tsx";

export function Conversation(): JSX.Element {
  const log = useRef<HTMLDivElement>(null);
  const [below, setBelow] = useState(false);
  const now = live.value;
  const coming = now ? [...now.earlier, now.pending].map((p) => p.client_id) : [];
  const list = entries.value.filter((e) => !e.client_id || !coming.includes(e.client_id));
  const held = staffed.value;

  // New words are followed, but never past the question they answer; a reader who has scrolled away stays.
  const near = useRef(true);
  const moved = useRef(0); // where we scrolled to ourselves
  const follow = (): void => {
    const e = log.current;
    if (!e) return; // closed meanwhile
    const asked = e.querySelector<HTMLElement>("li.member:not(:has(~ li.member))");
    e.scrollTop = asked ? asked.offsetTop - 12 : e.scrollHeight;
    moved.current = e.scrollTop;
  };
  useEffect(() => { near.current = true; setBelow(false); }, [openId.value, now?.pending.client_id]);
  useEffect(() => {
    if (near.current) follow();
    else if (entries.value.at(-1)?.author === "agent") setBelow(true);
  }, [entries.value.length, now]);
  const scrolled = (): void => {
    const e = log.current!;
    if (Math.abs(e.scrollTop - moved.current) < 2) return;
    near.current = e.scrollHeight - e.scrollTop - e.clientHeight < 80;
    if (near.current) setBelow(false);
  };

  const busy = now?.state === "sending" || now?.state === "waiting";
  const lastAnswer = now ? 0 : entries.value.findLast((e) => e.answer)?.seq;
  return (
    <div class="conversation">
      <h2 class="unseen">{t("widget.tab.conversation")}</h2>
      <Reads />
      {ticket.value && <div class="ticket-bar" data-part="ticket-bar">
        <div><strong>{t("ticket.title", { ref: ticket.value.ref })}</strong> <Status of={ticket.value} /><Next of={ticket.value} /></div>
        <a class="button quiet" href={ticket.value.url} target="_blank" rel="noopener">{t("widget.open_ticket")}<Icon is="out" /><span class="unseen">{t("widget.new_tab")}</span></a>
        <Settle of={ticket.value} key={openId.value} />
      </div>}
      {/* Not live: words that come one by one would be read out in pieces. What matters is announced once, apart. */}
      <div class="log" id="log" role="log" aria-live="off" aria-label={t("widget.tab.conversation")} tabIndex={0} ref={log}
        aria-busy={busy ? "true" : undefined} onScroll={scrolled}>
        {loading.value && !list.length && <Loading />}
        {problem.value && <Retry text={problem.value} again={() => void refresh(true)} />}
        {!list.length && !now && !loading.value && <p class="hello"><Icon is="spark" /><span>{t("ask.hint")}</span></p>}
        <ol>
          {list.map((e) => <Said key={e.client_id && e.author === "member" ? e.client_id : e.seq} entry={e} last={e.seq === lastAnswer} />)}
          {now && <Coming key={"live" + now.pending.client_id} of={now} />}
        </ol>
        {!busy && list.length > 0 && <button type="button" class="button quiet new" data-part="new" onClick={() => { fresh(); document.getElementById("composer")?.focus(); }}><Icon is="talk" />{t("widget.new")}</button>}
      </div>
      {below && <button type="button" class="below" data-part="below" onClick={() => { log.current!.scrollTop = log.current!.scrollHeight; }}>{t("widget.below")}</button>}
      <div class="foot">
        {about.value && !held && <p class="about" data-part="about">
          <Icon is="bag" /><span dir="auto">{t("subject.about", { title: about.value.title })}{about.value.number && <bdi class="meta"> {about.value.number}</bdi>}</span>
          <button type="button" class="icon-button" aria-label={t("subject.remove")} data-part="about-remove" onClick={() => { about.value = null; document.getElementById("composer")?.focus(); }}><Icon is="close" /></button>
        </p>}
        <Composer id="composer" label={held ? t("widget.message", { ref: ticket.value!.ref }) : t("ask.label")}
          placeholder={held ? t("widget.message", { ref: ticket.value!.ref }) : t("ask.placeholder")}
          max={held ? config.maxRequest : config.maxQuestion} busy={busy && (now?.state === "waiting" || !!now?.pending.ticket)} send={send} attach={held}
          {...(now?.state === "sending" && !now.pending.ticket && !now.answer && { stop })} />
      </div>
    </div>
  );
}

const Mine = ({ text, state }: { text: string; state?: string }): JSX.Element => (
  <>
    <span class="unseen">{t("thread.you")} :</span>
    <p class="bubble" dir="auto" data-part="question">{text}</p>
    {state && <p class="meta">{state}</p>}
  </>
);

function Said({ entry: e, last }: { entry: Entry; last: boolean }): JSX.Element | null {
  if (e.kind === "status") return e.text ? <li class="system"><p>{e.text}</p></li> : null;
  if (e.author === "member") return <li class="member"><Mine text={e.text} />{e.attachments && <Sent of={e.attachments} />}</li>;
  if (e.answer) return <li><Answer of={e.answer} last={last} /></li>;
  if (e.author === "assistant") return <li><div class="answer"><By /><p class="words" dir="auto">{e.text || t("answer.unknown")}</p></div></li>;
  const name = e.name || t("thread.team");
  return (
    <li class="agent" data-part="agent">
      <p class="by"><span class="initial" aria-hidden="true">{[...name][0]!.toUpperCase()}</span><bdi>{name}</bdi> <time class="meta" dateTime={e.created_at}>{time(e.created_at)}</time></p>
      <p class="bubble" dir="auto">{e.text}</p>
      {e.attachments && <Sent of={e.attachments} />}
    </li>
  );
}

/** Coming is the question on its way, and its answer as it comes. */
function Coming({ of: l }: { of: Live }): JSX.Element {
  const { pending: p, state } = l;
  const reading = l.articles ? t("answer.reading", { n: l.articles }) : t("answer.searching");
  return (
    <>
      {l.earlier.map((e) => <li class="member" key={e.client_id}><Mine text={e.text} /></li>)}
      <li class="member"><Mine text={p.text} state={state === "waiting" ? t("widget.waiting") : state === "sending" && p.ticket ? t("widget.sending") : ""} /></li>
      {l.answer ? <li><Answer of={l.answer} last /></li> : <>
        {(l.about || l.sentences.length > 0) && state === "sending" && <li><div class="answer" data-part="coming"><By />{l.about && <About of={l.about} />}<Words sentences={l.sentences} citations={l.citations} lang={config.lang} id="live" /></div></li>}
        {state === "sending" && !p.ticket && !l.sentences.length && <li><p class="progress" data-part="progress"><span class="spinner" />{reading}</p></li>}
        {(state === "stopped" || state === "failed") && <li>
          <Retry text={state === "stopped" ? t("widget.stopped") : l.problem!} again={() => void deliver()} />
          <Talk id="live-talk" text={p.text} />
        </li>}
      </>}
    </>
  );
}
