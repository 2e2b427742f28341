// What the member says of an answer or an article; said again, it replaces what was said before.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { call } from "./api.ts";
import { Copy, Icon, reason } from "./parts.tsx";
import { memory } from "./session.ts";
import { t } from "./text.ts";

interface Vote { helpful: boolean; reasons: string[]; comment: string; sent: boolean; problem: string }
const votes = signal<Record<string, Vote>>({});

export function Feedback({ at, question, why, reasons, copy, said }: {
  at: string; question: string; why: string; reasons: string[]; copy?: string; said?: (helpful: boolean) => void;
}): JSX.Element {
  const v = votes.value[at];
  const set = (more: Partial<Vote>): void => {
    const before = votes.value[at] ?? { helpful: true, reasons: [], comment: "", sent: false, problem: "" };
    votes.value = { ...votes.value, [at]: { ...before, problem: "", ...more } };
  };
  const tell = (sent: boolean): void => {
    const { helpful, reasons, comment } = votes.value[at]!;
    const body = { helpful, visitor: memory.value.visitor, ...(!helpful && { comment, ...(reasons.length && { reasons }) }) };
    call(at + "/feedback", { body }).then(() => { set({ sent }); said?.(helpful); }, (e) => set({ problem: reason(e, "widget.not_sent") }));
  };
  const id = "f-" + at;
  return (
    <div class="feedback" data-part="feedback">
      <div class="row" role="group" aria-labelledby={id + "q"}>
        <span id={id + "q"} class={copy ? "unseen" : ""}>{question}</span>
        {[true, false].map((yes) => (
          <button key={yes} type="button" class="button quiet" aria-pressed={v?.helpful === yes} data-part={yes ? "helpful" : "unhelpful"}
            onClick={() => { set({ helpful: yes, sent: false }); tell(yes); }}>
            <Icon is={yes ? "up" : "down"} />{t(yes ? "feedback.yes" : "feedback.no")}
          </button>
        ))}
        {copy && <Copy text={copy} label={t("action.copy")} />}
      </div>
      {v && !v.helpful && !v.sent && <form class="why" onSubmit={(e) => { e.preventDefault(); tell(true); }}>
        {reasons.length > 0 && <fieldset>
          <legend>{why}</legend>
          {reasons.map((r) => {
            const on = v.reasons.includes(r);
            return (
              <button key={r} type="button" class="chip-button" aria-pressed={on} data-reason={r}
                onClick={() => set({ reasons: on ? v.reasons.filter((x) => x !== r) : [...v.reasons, r] })}>
                {on && <Icon is="check" />}{t("widget.reason." + r)}
              </button>
            );
          })}
        </fieldset>}
        <label for={id}>{reasons.length ? t("feedback.comment") : why}</label>
        <textarea id={id} rows={2} dir="auto" maxlength={2000} value={v.comment} aria-describedby={id + "h"} onInput={(e) => set({ comment: e.currentTarget.value })} />
        <p class="meta" id={id + "h"}>{t("feedback.hint")}</p>
        <button type="submit" class="button outline" data-part="feedback-send">{t("feedback.send")}</button>
      </form>}
      <p class="meta" role="status">{v?.problem || (v?.sent && t("feedback.thanks"))}</p>
    </div>
  );
}
