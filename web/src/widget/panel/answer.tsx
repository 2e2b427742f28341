// The assistant's answer: a small document with its sources, never a bubble.

import type { JSX } from "preact";
import type { Answer as Whole, Citation, Sentence, Told } from "./api.ts";
import { event } from "./bridge.ts";
import { Feedback } from "./feedback.tsx";
import { Channels } from "./handoff.tsx";
import { follow } from "./nav.ts";
import { Icon, Lang, Links, Talk, updated } from "./parts.tsx";
import { send } from "./session.ts";
import { config, lead, nameOf, t, tagOf, typeset } from "./text.ts";

export const By = (): JSX.Element => <p class="by"><Icon is="spark" /><strong>{t("answer.assistant")}</strong></p>;

/** Words are the sentences with their superscript numbers, each a way to its source. */
export const Words = ({ sentences, citations, lang, id }: { sentences: Sentence[]; citations: Citation[]; lang: string; id: string }): JSX.Element => (
  <p class="words" lang={tagOf(lang)} dir="auto" data-part="answer-text">
    {sentences.map((s, i) => (
      <span key={i}>{i > 0 && lang !== "zh" && " "}{typeset(s.text, lang)}{s.citations.map((n) => {
        const c = citations.find((x) => x.n === n);
        return <sup key={n}><a id={`${id}-${i}-${n}`} href={c?.url ?? "#"} aria-label={t("answer.source_n", { n })} onClick={follow} data-part="citation">{n}</a></sup>;
      })}</span>
    ))}
  </p>
);

const Sources = ({ of, id }: { of: Citation[]; id: string }): JSX.Element => (
  <>
    <h3>{t("answer.sources", { n: of.length })}</h3>
    <ol class="sources">
      {of.map((c) => (
        <li key={c.n}>
          <a id={`${id}-s${c.n}`} href={c.url} lang={tagOf(c.article.lang)} onClick={follow} data-part="source">
            <b aria-hidden="true">{c.n}</b>
            <span>{c.article.title}{c.heading && <span class="muted"> › {c.heading}</span>}</span>
          </a>
          <p class="meta">{updated(c.article)} <Lang of={c.article.lang} /></p>
        </li>
      ))}
    </ol>
  </>
);

/** About is what the member's order or object says; it comes before what the articles say. */
export const About = ({ of: a }: { of: Told }): JSX.Element => (
  <section class="told" data-part="told" data-summary={a.summary}>
    <h3><Icon is="bag" />{t("subject.told." + a.type)}</h3>
    <p><strong dir="auto">{a.title}</strong> {a.number && <bdi class="meta">{a.number}</bdi>}</p>
    <dl>{a.facts.map((f) => <div key={f.key} data-fact={f.key}><dt dir="auto">{f.label}</dt><dd dir="auto">{f.value}</dd></div>)}</dl>
    {a.url && <p class="meta"><a href={a.url} target="_blank" rel="noopener">{t("subject.see")}<span class="unseen">{t("widget.new_tab")}</span></a></p>}
  </section>
);

export function Answer({ of: a, last }: { of: Whole; last: boolean }): JSX.Element {
  const id = "a" + a.id;
  const person = a.handoff || a.outcome === "unknown" && !a.courtesy;
  return (
    <div class="answer" data-part="answer" data-outcome={a.outcome} data-handoff={a.handoff?.reason}>
      <By />
      {a.about && <About of={a.about} />}
      {lead(a) && <p class="words">{lead(a)}</p>}
      {person && !a.handoff && <p class="muted">{t("answer.unknown_next")}</p>}
      {person && last && <Channels id={id} />}
      {a.outcome === "answered" && <>
        {a.sentences.length > 0 && <>
          {a.translation
            ? <>
              <Words sentences={a.sentences.map((s, i) => ({ ...s, text: a.translation!.sentences[i] ?? s.text }))} citations={a.citations} lang={a.translation.lang} id={id} />
              <p class="meta" data-part="translated">{t("answer.translated")}</p>
              <details data-part="original"><summary>{t("answer.original", { lang: nameOf(a.text_lang) })}</summary>
                <Words sentences={a.sentences} citations={a.citations} lang={a.text_lang} id={id + "o"} /></details>
            </>
            : <>
              <Words sentences={a.sentences} citations={a.citations} lang={a.text_lang} id={id} />
              {a.text_lang !== a.lang && <p class="meta" data-part="in-lang">{t("answer.in_lang", { lang: nameOf(a.text_lang) })}</p>}
            </>}
          <Sources of={a.citations} id={id} />
        </>}
        {last && a.sentences.length > 0 && <p class="meta">{t("answer.made_from")} <a id={id + "why"} href={`/${config.lang}/answers/${a.id}#why`} target="_blank" rel="noopener">{t("answer.why")}</a></p>}
        <Feedback at={"answers/" + a.id} question={t("widget.helpful")} why={t("widget.reasons")} copy={a.translation?.text ?? a.text}
          reasons={["wrong", "incomplete", "off_topic", "wrong_language"]} said={(helpful) => event("feedback", { answer: a.id, helpful })} />
      </>}
      {a.outcome === "clarify" && <>
        {a.handoff && <p class="words">{t("answer.clarify")}</p>}
        <div class="choices">
          {a.choices.map((c) => (
            <button key={c.text} type="button" class="button outline" lang={tagOf(a.lang)} data-part="choice" onClick={() => send(c.text)}>{c.label}</button>
          ))}
        </div>
      </>}
      {a.outcome === "unknown" && a.related.length > 0 && <><h3>{t("answer.nearest")}</h3><Links of={a.related.slice(0, 3)} id={id + "r"} /></>}
      {!a.courtesy && <Talk id={id + "talk"} />}
    </div>
  );
}
