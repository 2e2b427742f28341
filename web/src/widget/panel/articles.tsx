// The articles: a search while one types, the shelves, and one article read inside the panel.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, type Article as Ref, type ArticlePage, type Found } from "./api.ts";
import { Feedback } from "./feedback.tsx";
import { go, openArticle, type Over } from "./nav.ts";
import { Icon, Links, Loading, reason, Retry, Section, Talk, updated } from "./parts.tsx";
import { say, send } from "./session.ts";
import { useShelf } from "./shelf.ts";
import { config, nameOf, t, tagOf } from "./text.ts";

const query = signal("");

export function Articles(): JSX.Element {
  const [found, setFound] = useState<Ref[] | null>(null);
  const [problem, setProblem] = useState("");
  const [collection, setCollection] = useState("");
  const q = query.value;
  useEffect(() => {
    setProblem("");
    if (q.trim().length < 2) return setFound(null);
    const stop = new AbortController();
    const soon = setTimeout(() => {
      call<Found>("search", { query: { q, limit: "8", typing: "1" }, signal: stop.signal }).then(({ hits }) => {
        setFound(hits.map((h) => ({ ...h.article, url: h.passage.url || h.article.url })));
        say(hits.length ? t("search.found", { n: hits.length }) : t("search.none", { q }));
      }, (e: unknown) => { if (!stop.signal.aborted) setProblem(reason(e)); });
    }, 120);
    return () => { clearTimeout(soon); stop.abort(); };
  }, [q]);
  return (
    <div class="page" data-part="articles">
      <h2 class="unseen">{t("widget.tab.articles")}</h2>
      <form role="search" class="search box" onSubmit={(e) => e.preventDefault()}>
        <Icon is="search" />
        <label class="unseen" for="search">{t("search.label")}</label>
        <input type="search" id="search" dir="auto" autocomplete="off" placeholder={t("search.label")} value={q} onInput={(e) => (query.value = e.currentTarget.value)} />
      </form>
      {problem && <p class="field-error" role="alert"><Icon is="alert" /><span>{problem}</span></p>}
      {found ? <div data-part="found">
        {found.length ? <Links of={found} id="found" /> : <p class="muted">{t("search.none", { q })}</p>}
        <button type="button" class="button outline" data-part="ask-instead" onClick={() => { go("conversation"); send(q); }}><Icon is="spark" />{t("search.ask_instead")}</button>
      </div> : <Shelves collection={collection} choose={setCollection} />}
    </div>
  );
}

function Shelves({ collection, choose }: { collection: string; choose: (key: string) => void }): JSX.Element {
  const { shelf, problem, again } = useShelf(collection);
  const title = useRef("");
  if (problem) return <Retry text={problem} again={again} />;
  if (!shelf) return <Loading />;
  if (collection) return <>
    <button type="button" class="button quiet start" data-part="shelf-back" onClick={() => choose("")}><Icon is="back" />{t("widget.back")}</button>
    <Section title={title.current}><Links of={shelf.articles} id="shelf" /></Section>
  </>;
  return <>
    {shelf.articles.length > 0 && <Section title={t("home.popular")}><Links of={shelf.articles} id="popular" /></Section>}
    <Section title={t("home.collections")}>
      <ul class="rows">
        {shelf.collections.map((c) => (
          <li key={c.key}><button type="button" class="row-link" data-part="collection" data-key={c.key} onClick={() => { title.current = c.title; choose(c.key); }}>
            <span>{c.title}<span class="meta">{t("home.articles", { n: c.articles })}</span></span><Icon is="right" />
          </button></li>
        ))}
      </ul>
    </Section>
  </>;
}

/** Article is one article, scrolled to the quote that an answer cites. */
export function Article({ of: o }: { of: Over & { name: "article" } }): JSX.Element {
  const [page, set] = useState<ArticlePage | null>(null);
  const [problem, fail] = useState("");
  const body = useRef<HTMLDivElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const read = (): void => {
    fail("");
    set(null);
    call<ArticlePage>(`articles/${o.lang}/${encodeURIComponent(o.slug)}`, { query: o.cite ? { cite: o.cite } : {} })
      .then(set, (e) => fail(reason(e)));
  };
  useEffect(read, [o]);
  const to = (id: string): void => {
    const e = id ? body.current!.querySelector<HTMLElement>("#" + CSS.escape(id)) : title.current;
    if (!e) return;
    e.scrollIntoView({ block: id === "cited" ? "center" : "start" });
    e.tabIndex = -1;
    e.focus({ preventScroll: true });
  };
  useEffect(() => {
    if (page) to(page.cited === "marked" ? "cited" : decodeURIComponent(o.hash.slice(1)));
  }, [page]);
  const clicked = (e: MouseEvent): void => {
    const a = (e.target as Element).closest("a");
    if (!a || e.ctrlKey || e.metaKey || e.shiftKey) return;
    const href = a.getAttribute("href") ?? "";
    if (href === "#top") body.current!.closest(".screen")!.scrollTo({ top: 0 });
    else if (href.startsWith("#")) to(decodeURIComponent(href.slice(1)));
    else if (!openArticle(a.href)) {
      a.target = "_blank";
      a.rel = "noopener";
      return;
    }
    e.preventDefault();
  };
  if (problem) return <div class="page"><Retry text={problem} again={read} /></div>;
  if (!page) return <div class="page"><Loading /></div>;
  const { article: a } = page;
  return (
    <article class="page article" data-part="article" data-cited={page.cited}>
      <header lang={tagOf(a.lang)}>
        <h2 tabIndex={-1} ref={title} data-focus>{a.title}</h2>
      </header>
      <p class="meta">{updated(a)}</p>
      {page.cited && <p class="notice">{t(page.cited === "marked" ? "article.cited" : "article.changed_since")}</p>}
      <div class="prose" lang={tagOf(a.lang)} dir="auto" ref={body} onClick={clicked} dangerouslySetInnerHTML={{ __html: page.html }} />
      {page.translations.length > 1 && <p class="langs">{page.translations.filter((x) => x.lang !== a.lang && (x.lang === config.lang || a.lang !== config.lang)).map((x) => (
        <a key={x.lang} href={x.url} lang={tagOf(x.lang)} onClick={(e) => { if (openArticle(x.url)) e.preventDefault(); }}>{nameOf(x.lang)}</a>
      ))}</p>}
      <Feedback at={`articles/${a.lang}/${o.slug}`} question={t("feedback.question")} why={t("feedback.improve")} reasons={[]} />
      {page.related.length > 0 && <Section title={t("article.related")}><Links of={page.related} id={"rel-" + a.id} /></Section>}
      <div class="stack">
        <a class="button quiet" href={a.url} target="_blank" rel="noopener" data-part="open-page">{t("widget.open_page")}<Icon is="out" /><span class="unseen">{t("widget.new_tab")}</span></a>
        <Talk id={"talk-" + a.id} />
      </div>
    </article>
  );
}
