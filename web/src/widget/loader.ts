// The loader: what a site's page loads. It draws the launcher, in a shadow root so that the page's
// styles and ours never meet, and makes the panel's frame when it is first needed. It keeps under
// 3 kB compressed, so it is plain DOM, and its names are short where they repeat.

import type { Guichet, GuichetOptions } from "../../widget.d.ts";

interface Config {
  accent: [light: string, dark: string, onLight: string, onDark: string]; // colours of what can be pressed, and of what is written on it
  default: string;
  texts: Record<string, string>; // the launcher's word, by language
}
type Call = [string, ...unknown[]];
type Detail = Record<string, unknown>;
type Handler = ((detail: unknown) => void) & { heard?: (e: Event) => void };

declare global {
  interface Window { guichet?: Guichet; guichetSettings?: GuichetOptions }
}

const script = document.currentScript as HTMLScriptElement | null;
const before = window.guichet as (Guichet & { q?: ArrayLike<unknown>[] }) | undefined;

if (script && !before?.version) {
  const config = "__GUICHET_CONFIG__" as unknown as Config;
  const base = new URL(".", script.src);
  const attributes = script.dataset;
  const prefix = "guichet:";
  const stored = "guichet", follow = "guichet-follow"; // in the page's session storage
  const phone = matchMedia("(max-width: 479px)");

  let options: GuichetOptions = {};
  let host: HTMLElement | null = null;
  let box: HTMLElement, launcher: HTMLButtonElement, dialog: HTMLElement;
  let frame: HTMLIFrameElement | null = null;
  let port: MessagePort | null = null;
  const waiting: Detail[] = []; // for the panel, until it is there
  let inert: HTMLElement[] = []; // what a full-screen panel covers
  let overflow = "";
  let who: { token?: string; getToken?: () => unknown } | null | undefined; // the member; null: nobody; undefined: the page does not say
  let open = false, unread = 0, unreadText = "", booted = false;
  const inMemory: Record<string, string> = {}; // where the page's own storage is blocked too

  /** session reads the page's session storage, or writes it. */
  const session = (key: string, value?: string): string => {
    try {
      if (value) sessionStorage.setItem(key, value);
      else if (value === "") sessionStorage.removeItem(key);
      return sessionStorage.getItem(key) ?? "";
    } catch {
      return (inMemory[key] = value ?? inMemory[key] ?? "");
    }
  };

  const emit = (name: string, detail?: unknown): void => {
    document.dispatchEvent(new CustomEvent(prefix + name, { detail }));
  };

  const lang = (): string => {
    for (const l of [options.lang, document.documentElement.lang, ...navigator.languages]) {
      const short = (l ?? "").slice(0, 2).toLowerCase();
      if (config.texts[short]) return short;
    }
    return config.default;
  };
  const word = (): string => config.texts[lang()]!;

  const element = <K extends keyof HTMLElementTagNameMap>(name: K, parent: Node): HTMLElementTagNameMap[K] =>
    parent.appendChild(document.createElement(name));

  const build = (): void => {
    host = document.createElement("guichet-widget");
    const root = host.attachShadow({ mode: "open" });
    const [light, dark, onLight, onDark] = config.accent;
    // A constructed sheet, since a page's content policy may forbid style elements.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      `:host{all:initial!important;--a:${light};--o:${onLight};color-scheme:light dark}` +
      `#box{position:fixed;z-index:2147483000;bottom:var(--y);left:var(--l);right:var(--r);font:600 15px system-ui}` +
      `button{all:unset;display:flex;align-items:center;gap:10px;height:56px;padding:0 16px;border-radius:28px;background:var(--a);color:var(--o);cursor:pointer;box-shadow:0 8px 28px #1b1f2424}` +
      `button:focus-visible{outline:2px solid CanvasText;outline-offset:2px}` +
      // The icon is a clipped box: neither markup nor an image that the page's policy could refuse.
      `button::before{content:"";width:24px;height:24px;background:currentColor;clip-path:path(evenodd,"M4 3h16a3 3 0 0 1 3 3v9a3 3 0 0 1-3 3h-8l-6 5v-5H4a3 3 0 0 1-3-3V6a3 3 0 0 1 3-3zM6 7v2h12V7zM6 12v2h8v-2z")}` +
      `.open button::before{clip-path:path("M5 3.6 3.6 5l7 7-7 7L5 20.4l7-7 7 7 1.4-1.4-7-7 7-7L19 3.6l-7 7z")}` +
      `b{position:absolute;top:-5px;right:-3px;padding:3px 7px;border-radius:11px;background:#b02a1e;color:#fff;font-size:13px}` +
      `#panel{position:fixed;bottom:calc(var(--y) + 68px);left:var(--l);right:var(--r);width:400px;height:min(640px,100dvh - var(--y) - 80px);border-radius:12px;overflow:hidden;background:Canvas;box-shadow:0 8px 28px #1b1f2424,0 0 0 1px #7773;transition:opacity .12s,transform .12s}` +
      `#box:not(.open) #panel{visibility:hidden;opacity:0;transform:translateY(4px);transition:.18s}` +
      `iframe{width:100%;height:100%;border:0}` +
      `[hidden]{display:none}` +
      `@media(max-width:479px){#box #panel{inset:0;width:100%;height:100dvh;border-radius:0}span{display:none}}` +
      `@media(prefers-color-scheme:dark){:host{--a:${dark};--o:${onDark}}}` +
      `@media(prefers-reduced-motion){#panel{transition:none!important}}` +
      `@media(forced-colors:active){button,#panel,b{border:1px solid}button::before{forced-color-adjust:none;background:ButtonText}}` +
      `@media print{:host{display:none!important}}`,
    );
    root.adoptedStyleSheets = [sheet];
    box = element("div", root);
    box.id = "box";
    dialog = element("div", box);
    dialog.id = "panel";
    dialog.role = "dialog";
    launcher = element("button", box);
    launcher.id = "launcher";
    launcher.onclick = () => toggle();
    launcher.onpointerenter = launcher.onfocus = () => load();
    root.addEventListener("keydown", (e) => { if ((e as KeyboardEvent).key === "Escape") hide(); });
    phone.onchange = cover;
    // As soon as the page has a body.
    const place = (): void => document.body ? document.body.append(host!) : addEventListener("DOMContentLoaded", place);
    place();
  };

  const draw = (): void => {
    const { label, offset = {}, hidden, position } = options;
    const x = (offset.x ?? 20) + "px";
    box.className = open ? "open" : "";
    box.style.cssText = `--y:${offset.y ?? 20}px;` + (position === "left" ? "--r:auto;--l:" : "--l:auto;--r:") + x;
    dialog.ariaLabel = word();
    launcher.hidden = !!hidden || (open && phone.matches);
    launcher.ariaExpanded = `${open}`;
    launcher.textContent = "";
    let words = label || word();
    if (!open && label !== false) element("span", launcher).textContent = words;
    if (unread && !open) {
      element("b", launcher).textContent = `${unread}`;
      words += ", " + unreadText;
    }
    launcher.ariaLabel = words;
  };

  /** load makes the panel's frame, once. */
  const load = (): void => {
    if (frame || !host) return;
    frame = element("iframe", dialog);
    frame.title = word();
    frame.allow = "clipboard-write";
    frame.src = base + lang() + "/panel";
  };

  const tell = (type: string, more?: Detail): void => port?.postMessage({ type, ...more });
  const post = (type: string, more?: Detail): void => {
    load();
    if (port) tell(type, more);
    else waiting.push({ type, ...more });
  };

  /** cover makes a full-screen panel modal: nothing behind it scrolls or takes the focus. */
  const cover = (): void => {
    for (const e of inert) e.inert = false;
    if (inert[0]) document.documentElement.style.overflow = overflow;
    inert = [];
    dialog.ariaModal = null;
    draw();
    if (!open || !phone.matches) return;
    dialog.ariaModal = "true";
    inert = ([...document.body.children] as HTMLElement[]).filter((e) => e !== host && !e.inert);
    for (const e of inert) e.inert = true;
    overflow = document.documentElement.style.overflow;
    document.documentElement.style.overflow = "hidden";
  };

  const turn = (to: boolean): void => {
    if (to === open || !host) return;
    open = to;
    cover();
    if (open) frame?.focus();
    else launcher.focus();
    emit(open ? "show" : "hide");
  };
  const show = (type = "show", more?: Detail): void => {
    if (!booted) boot();
    load();
    turn(true);
    post(type, more);
  };
  const hide = (): void => {
    if (!open) return;
    turn(false);
    post("hide");
  };

  const toggle = (): void => (open ? hide() : show());

  const boot = (o?: GuichetOptions): void => {
    const spoken = booted && lang();
    options = { ...options, ...o };
    booted = true;
    if (!host) build();
    box.hidden = false;
    draw();
    if (spoken) {
      if (spoken !== lang() && frame) post("lang", { lang: lang() });
    } else {
      // After the calls that stood in the queue, so that their handlers hear it.
      queueMicrotask(() => emit("ready"));
      if (session(follow)) setTimeout(load, 3000); // a ticket is open: its replies reach the badge
    }
  };

  const shutdown = (): void => {
    if (!booted) boot();
    hide();
    booted = false;
    session(stored, "");
    session(follow, "");
    unread = 0;
    options = {};
    who = null;
    box.hidden = true;
    post("shutdown");
  };

  const said: Record<string, (m: Detail) => void> = {
    close: () => hide(),
    event: (m) => {
      if (m["name"] === "ticket:created") session(follow, "1");
      emit(m["name"] as string, m["detail"]);
    },
    unread: (m) => {
      unread = m["n"] as number;
      unreadText = m["text"] as string;
      draw();
      emit("unread", unread);
    },
    // A token is given once; the next one the page has to fetch.
    token: () => {
      const { token, getToken } = who ?? {};
      if (who) who.token = "";
      Promise.resolve(token || getToken?.()).catch(() => 0).then((token) => tell("identify", { token }));
    },
    keep: (m) => session(stored, m["value"] as string),
    bye: () => {
      if (booted) return; // again, meanwhile
      host?.remove();
      host = frame = port = null;
    },
  };

  // The panel's first word; what follows goes over a port of its own.
  addEventListener("message", (e) => {
    if (!frame || e.source !== frame.contentWindow || e.origin !== base.origin || e.data?.guichet !== "hello") return;
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = (m) => said[m.data.type]?.(m.data);
    frame.contentWindow!.postMessage({
      guichet: "connect", lang: lang(), site: options.site ?? "", stored: session(stored), who: who && 1,
    }, base.origin, [channel.port2]);
    if (open) post("show");
    for (const w of waiting.splice(0)) port.postMessage(w);
  });

  const verbs: Record<string, (...a: never[]) => void> = {
    boot, shutdown, hide, update: boot,
    show: () => show(),
    toggle,
    identify: (o: typeof who) => { who = o; if (port) said["token"]!({}); },
    logout: () => { who = null; tell("logout"); },
    on: (name: string, f: Handler) => {
      document.addEventListener(prefix + name, (f.heard ??= (e) => f((e as CustomEvent).detail)));
    },
    off: (name: string, f: Handler) => document.removeEventListener(prefix + name, f.heard!),
  };
  const api = (...[verb, ...rest]: Call): void => {
    if (verbs[verb]) verbs[verb](...(rest as never[]));
    else show(verb, { of: rest[0] }); // the panel does it: ask, showArticle, showMessages, showTickets, handoff, attachContext
  };
  Object.defineProperties(api, {
    isOpen: { get: () => open },
    unreadCount: { get: () => unread },
    version: { value: "1" },
  });
  window.guichet = api as unknown as Guichet;

  if ("boot" in attributes || window.guichetSettings) {
    const { label, hidden, offsetX: x, offsetY: y, ...rest } = attributes; // lang, site, position
    boot({ ...rest, label: label !== "false" && label, hidden: hidden != null, offset: { x, y }, ...window.guichetSettings } as unknown as GuichetOptions);
  }
  for (const call of before?.q ?? []) api(...(Array.from(call) as Call));

  const asked = new URLSearchParams(location.search).get("guichet") ?? "";
  if (asked.startsWith("ask:")) api("ask", asked.slice(4));
  else if (asked || location.hash === "#guichet") api("show");
}
