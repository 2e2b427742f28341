// The panel: what stands in the widget's frame, or as a page of its own.

import { effect, signal } from "@preact/signals";
import { render, type JSX } from "preact";
import { useEffect } from "preact/hooks";
import { alone, connect, tell, type Message } from "./bridge.ts";
import { ask, Home } from "./home.tsx";
import { unknown } from "./identity.ts";
import { fetchMore, Later, more } from "./lazy.tsx";
import { back, go, openArticle, openHandoff, over, tab, type Tab } from "./nav.ts";
import { Icon, Loading } from "./parts.tsx";
import { announced, begin, depart, live, memory, network, reading, seen, signIn, unread, wipe } from "./session.ts";
import { config, t } from "./text.ts";

const shown = signal(alone);
const state = signal<"connecting" | "ready" | "refused" | "over">("connecting");
const root = document.getElementById("panel")!;

const close = (): void => tell("close");

/** focus goes to the box to write in, or to the heading of what is open. */
const focus = (): void => {
  requestAnimationFrame(() => root.querySelector<HTMLElement>(over.value.length ? "[data-focus]" : tab.value === "home" ? "#ask" : tab.value === "conversation" ? "#composer" : "nav [aria-current]")?.focus());
};

const tabs: [Tab, "home" | "talk" | "list" | "page"][] = [["home", "home"], ["conversation", "talk"], ["tickets", "list"], ["articles", "page"]];

function Panel(): JSX.Element {
  const top = over.value.at(-1);
  useEffect(() => {
    const key = (e: KeyboardEvent): void => {
      if (e.key !== "Escape" || e.isComposing || e.defaultPrevented) return;
      if (over.value.length) back();
      else close();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  useEffect(() => { if (top) focus(); }, [top]);
  // What was opened before its script had come has nothing to focus until then.
  useEffect(() => { if (more.value && shown.value && (top || tab.value === "conversation")) focus(); }, [more.value]);
  if (state.value === "refused") return <p class="refused" role="alert" data-part="refused">{t("widget.refused")}</p>;
  if (state.value !== "ready") return <div class="page"><Loading /></div>;
  return (
    <>
      <header class="head">
        {top && <button type="button" class="icon-button" data-part="back" aria-label={t("widget.back")} onClick={back}><Icon is="back" /></button>}
        <div class="who">
          <div class="row"><h1>{config.site}</h1><span class="ai"><Icon is="spark" />{t("answer.assistant")}</span></div>
          {config.promise && <p data-part="promise">{config.promise}</p>}
        </div>
        {!alone && <button type="button" class="icon-button" data-part="close" aria-label={t("widget.launcher.close")} onClick={close}><Icon is="close" /></button>}
      </header>
      <div role="status" class={network.value ? "banner" : ""} data-part="banner">{network.value && t(network.value === "offline" ? "widget.offline" : "widget.reconnecting")}</div>
      <main class="main">
        <div class="screen" inert={!!top} data-tab={tab.value}>
          {tab.value === "home" && <Home />}
          {tab.value === "conversation" && <Later show={({ Conversation }) => <Conversation />} />}
          {tab.value === "tickets" && <Later show={({ Tickets }) => <Tickets />} />}
          {tab.value === "articles" && <Later show={({ Articles }) => <Articles />} />}
        </div>
        {top && <div class="screen over" key={over.value.length}><Later show={({ Article, Handoff, Picker }) => top.name === "article" ? <Article of={top} /> : top.name === "picker" ? <Picker /> : <Handoff text={top.text} />} /></div>}
      </main>
      <nav class="tabs" aria-label={t("widget.nav")}>
        {tabs.map(([name, icon]) => (
          <button key={name} type="button" data-tab={name} aria-current={tab.value === name ? "page" : undefined} onClick={() => go(name)}>
            <Icon is={icon} /><span>{t("widget.tab." + name)}</span>
            {name === "conversation" && unread.value > 0 && <b><span aria-hidden="true">{unread.value}</span><span class="unseen">{t("widget.launcher.unread", { n: unread.value })}</span></b>}
          </button>
        ))}
      </nav>
      <div class="unseen" role="status" data-part="announce">{announced.value}</div>
    </>
  );
}

let identifying = Promise.resolve(); // until the last token is exchanged
const known = (token: string): Promise<void> => (identifying = signIn(token).then(arrived));

let arrived = (): void => {}; // the first token has been exchanged, or there is none
const expected = new Promise<void>((resolve) => { arrived = resolve; });

function hear(m: Message): void {
  switch (m.type) {
    case "hide":
      shown.value = false;
      return;
    case "lang":
      return location.replace(`/${m.lang}/panel`);
    case "identify":
      return m.token ? void known(m.token) : (unknown(), arrived());
    case "logout":
      return depart();
    case "attachContext":
      go("conversation");
      void expected.then(() => identifying).then(fetchMore).then(() => more.value?.attach(m.of)).then(focus);
      break;
    case "shutdown":
      wipe();
      state.value = "over";
      return tell("bye");
    case "ask":
      ask(String(m.of ?? ""));
      break;
    case "showArticle":
      openArticle(`/${config.lang}/articles/${encodeURIComponent(String(m.of ?? ""))}`);
      break;
    case "showMessages": go("conversation"); break;
    case "showTickets": go("tickets"); break;
    case "handoff": openHandoff(""); break;
  }
  shown.value = true;
  if (live.value && m.type === "show") go("conversation");
  focus();
}

// The page's first word makes the port; what it says before the panel stands waits in these lines.
const early: Message[] = [];
let hearing = (m: Message): void => { early.push(m); };

render(<Panel />, root);
void connect((m) => hearing(m)).then((host) => {
  if (!host) {
    state.value = "refused";
    return;
  }
  begin(host, (value) => tell("keep", { value }));
  if (host.who === null) depart();
  if (host.who) tell("token");
  else arrived();
  state.value = "ready";
  tell("ready");
  if (live.value) go("conversation");
  let told = 0;
  effect(() => { if (unread.value !== told) tell("unread", { n: (told = unread.value), text: t("widget.launcher.unread", { n: told }) }); });
  effect(() => {
    reading.value = shown.value && tab.value === "conversation" && !over.value.length;
    if (reading.value) queueMicrotask(seen);
  });
  hearing = hear;
  early.splice(0).forEach(hear);
  (window.requestIdleCallback ?? setTimeout)(fetchMore);
  const q = alone && new URLSearchParams(location.search).get("q");
  if (q) {
    history.replaceState(null, "", location.pathname);
    if (!memory.value.pending) ask(q);
  }
});
