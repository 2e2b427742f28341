// Small parts of the views.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Files } from "../attach.ts";
import { Attach } from "./attach.tsx";
import { Refused, type Article, type Ticket } from "./api.ts";
import { openHandoff, follow } from "./nav.ts";
import { lastQuestion } from "./session.ts";
import { config, day, nameOf, t, tagOf, time, wrong } from "./text.ts";

/** Icons: drawn on a grid of 24, stroke 1.75, never alone where a word fits. */
const shapes = {
  spark: "M11 4.5c.8 4.4 2.6 6.2 7 7-4.4.8-6.2 2.6-7 7-.8-4.4-2.6-6.2-7-7 4.4-.8 6.2-2.6 7-7zM18.5 3v4M20.5 5h-4",
  home: "M4 11.5 12 5l8 6.5M6 10v9h12v-9M10 19v-5h4v5",
  talk: "M4 19.5 5.2 15A7.8 7.8 0 1 1 8.6 18.2zM8.5 10.5h7M8.5 13.5h4.5",
  list: "M4 6.5h.1M4 12h.1M4 17.5h.1M8.5 6.5H20M8.5 12H20M8.5 17.5H20",
  page: "M13.5 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8.5zM13.5 3v5.5H19M9 13h6M9 16.5h4",
  close: "M6 6l12 12M18 6 6 18",
  back: "M19 12H6M11.5 6.5 6 12l5.5 5.5",
  send: "M12 19V6M6.5 11.5 12 6l5.5 5.5",
  stop: "M7 7h10v10H7z",
  up: "M7.5 20V10.5M7.5 10.5 11 3.6A1.9 1.9 0 0 1 13.7 6L13 9.5h4.8a2 2 0 0 1 2 2.4l-1.3 6.4a2 2 0 0 1-2 1.7h-9M7.5 10.5H4V20h3.5",
  down: "M7.5 4v9.5M7.5 13.5l3.5 6.9a1.9 1.9 0 0 0 2.7-2.4l-.7-3.5h4.8a2 2 0 0 0 2-2.4l-1.3-6.4a2 2 0 0 0-2-1.7h-9M7.5 13.5H4V4h3.5",
  copy: "M11 9h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM5.5 15H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1h9a1 1 0 0 1 1 1v.5",
  check: "m5.5 12.5 4.5 4.5 8.5-10",
  mail: "M5.5 5h13A2.5 2.5 0 0 1 21 7.5v9a2.5 2.5 0 0 1-2.5 2.5h-13A2.5 2.5 0 0 1 3 16.5v-9A2.5 2.5 0 0 1 5.5 5zM4 7.5l8 5.5 8-5.5",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5.2l3.3 2",
  hand: "M5 12a7 7 0 0 1 14 0v4M5 12v4M5 13.5h2.2v5.2H5.8A1.8 1.8 0 0 1 4 17v-1.5a2 2 0 0 1 1-2zM19 13.5h-2.2v5.2h1.4A1.8 1.8 0 0 0 20 17v-1.5a2 2 0 0 0-1-2z",
  alert: "M12 4 2.8 19.5h18.4zM12 10v4.2M12 17v.1",
  reply: "M9.5 6 4 11.5 9.5 17M4 11.5h9a7 7 0 0 1 7 7",
  bag: "M5.5 8.5h13l1 12h-15zM9 11V7a3 3 0 0 1 6 0v4",
  lock: "M7 11h10a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2zM8 11V8a4 4 0 0 1 8 0v3",
  search: "M11 4.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM16 16l4.5 4.5",
  right: "m10 7 5 5-5 5",
  out: "M14 5h5v5M19 5l-8 8M17 14v4a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1h4",
};

export const Icon = ({ is }: { is: keyof typeof shapes }): JSX.Element => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={shapes[is]} /></svg>
);

/** reason says why a call failed: in the server's words, or in ours where the network failed. */
export const reason = (e: unknown, otherwise = "widget.not_loaded"): string => (e instanceof Refused && e.message) || t(otherwise);

/** Talk leads to a person; it is never far. */
export const Talk = ({ id, text }: { id: string; text?: string }): JSX.Element => (
  <button type="button" class="button outline talk" id={id} data-part="talk" onClick={() => openHandoff(text ?? lastQuestion.value)}>
    <Icon is="hand" />{t("answer.talk")}
  </button>
);

const marks = { received: "check", in_progress: "clock", waiting: "reply", solved: "check", closed: "lock" } as const;

export const Status = ({ of }: { of: Pick<Ticket, "status"> }): JSX.Element => (
  <span class={`status ${of.status}`} data-status={of.status}>
    <Icon is={marks[of.status as keyof typeof marks] ?? "clock"} />{t("status." + of.status)}
  </span>
);

/** Next is what a ticket waits for: the proof of its address, or our answer. */
export const Next = ({ of }: { of: Ticket }): JSX.Element | null =>
  of.held ? <p class="meta">{t("ticket.held_title")}</p>
    : of.promised_at && of.status === "received" ? <p class="meta">{t("ticket.promised", { date: time(of.promised_at) })}</p> : null;

export const Retry = ({ text, again }: { text: string; again: () => void }): JSX.Element => (
  <div class="problem" role="alert" data-part="problem">
    <Icon is="alert" /><p>{text}</p>
    <button type="button" class="button outline" data-part="retry" onClick={again}>{t("widget.retry")}</button>
  </div>
);

export const Loading = (): JSX.Element => <p class="progress"><span class="spinner" />{t("widget.loading")}</p>;

/** Copy writes a text to the clipboard, and says so. */
export function Copy({ text, label }: { text: string; label: string }): JSX.Element {
  const [done, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // not allowed here: the older way
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    setDone(true);
    setTimeout(() => setDone(false), 2500);
  };
  return (
    <button type="button" class="button quiet" data-part="copy" onClick={() => void copy()}>
      <Icon is={done ? "check" : "copy"} /><span aria-live="polite">{done ? t("action.copied") : label}</span>
    </button>
  );
}

export const Lang = ({ of }: { of: string }): JSX.Element | null =>
  of === config.lang ? null : <span class="chip" lang={tagOf(of)}>{nameOf(of)}</span>;

/** Links is a list of articles, opened inside. */
export const Links = ({ of, id }: { of: Article[]; id: string }): JSX.Element => (
  <ul class="rows">
    {of.map((a, i) => (
      <li key={a.url}>
        <a class="row-link" id={`${id}-${i}`} href={a.url} lang={tagOf(a.lang)} onClick={follow} data-part="article-link">
          <Icon is="page" /><span>{a.title} <Lang of={a.lang} /></span>
        </a>
      </li>
    ))}
  </ul>
);

/** Composer is the box to write in: Enter sends, Shift and Enter makes a line. */
export function Composer({ id, label, placeholder, max, busy, send, stop, attach }: {
  id: string; label: string; placeholder: string; max: number; busy?: boolean; send: (text: string, files?: string[]) => void; stop?: () => void; attach?: boolean;
}): JSX.Element {
  const [error, setError] = useState("");
  const [typed, setTyped] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const files = useRef<Files>(null);
  const submit = (): void => {
    const field = box.current!;
    if (busy) return;
    const no = files.current?.busy() ? t("widget.attach_wait") : wrong(field.value, max);
    setError(no);
    field.focus();
    if (no) return;
    send(field.value, files.current?.ids());
    files.current?.clear();
    field.value = "";
    setTyped(false);
  };
  useEffect(() => setError(""), [label]);
  return (
    <form class="composer" onSubmit={(e) => { e.preventDefault(); submit(); }} data-part="composer">
      <label class="unseen" for={id}>{label}</label>
      <div class="box">
        <textarea id={id} ref={box} rows={1} dir="auto" placeholder={placeholder} enterkeyhint="send"
          aria-invalid={error ? "true" : undefined} aria-describedby={error ? id + "-error" : undefined}
          onInput={(e) => { setError(""); setTyped(e.currentTarget.value.trim() !== ""); }}
          onKeyDown={(e) => {
            if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
            e.preventDefault();
            submit();
          }} />
        {stop && !typed // what is written meanwhile is sent, and answered together with the question
          ? <button type="button" class="send" data-part="stop" aria-label={t("widget.stop")} onClick={stop}><Icon is="stop" /></button>
          : <button type="submit" class="send" data-part="send" aria-label={t("widget.send")} aria-disabled={busy ? "true" : undefined}><Icon is="send" /></button>}
      </div>
      {error && <FieldError id={id + "-error"} text={error} />}
      {attach && <Attach files={files} title="" />}
    </form>
  );
}

export const FieldError = ({ id, text }: { id: string; text: string }): JSX.Element => (
  <p class="field-error" id={id}><Icon is="alert" /><span>{text}</span></p>
);

export const Section = ({ title, children }: { title: string; children: ComponentChildren }): JSX.Element => (
  <section><h2>{title}</h2>{children}</section>
);

export const updated = (a: Article): string => t("article.updated", { date: day(a.updated_at) });
