// Forms and buttons.

import { fieldError, fill, length, say } from "./dom.ts";

/** forms keeps overlong texts from leaving (a browser would lose them), and sends nothing twice. */
export function forms(): void {
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (!(form instanceof HTMLFormElement) || e.defaultPrevented) return;
    for (const field of form.querySelectorAll<HTMLTextAreaElement>("textarea[data-max]")) {
      const [max, n] = [Number(field.dataset["max"]), length(field.value)];
      const wrong = n > max ? fill(field.dataset["tooLong"]!, { max, n }) : "";
      fieldError(field, wrong);
      if (!wrong) continue;
      e.preventDefault();
      field.focus();
      return;
    }
    if (!form.hasAttribute("data-once")) return;
    if (form.dataset["sent"]) return e.preventDefault();
    renew(form);
    form.dataset["sent"] = "1";
    e.submitter?.setAttribute("aria-disabled", "true");
  });
  // Coming back to a page that the browser kept: its forms may be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) {
      delete form.dataset["sent"];
      form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
    }
  });
  document.querySelector<HTMLElement>("[data-focus]")?.focus();
}

/** read says that the thread has been before the reader's eyes, in place of the button that does. */
export function read(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-read]");
  if (!form) return;
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
  const say = async () => {
    if (document.hidden) return;
    document.removeEventListener("visibilitychange", say);
    const answer = await fetch(form.action, { method: "POST", body, keepalive: true, redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") form.querySelector("button")?.remove();
  };
  document.addEventListener("visibilitychange", say);
  void say();
}

/** reveal makes a button of the link that shows passwords: what is typed stays. */
export function reveal(): void {
  for (const link of document.querySelectorAll<HTMLElement>("a[data-reveal]")) {
    const secrets = [...(link.closest("form")?.querySelectorAll<HTMLInputElement>("[data-secret]") ?? [])];
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    const say = () => (button.textContent = link.dataset[secrets.some((s) => s.type === "text") ? "hide" : "show"]!);
    button.addEventListener("click", () => {
      const to = secrets.some((s) => s.type === "text") ? "password" : "text";
      for (const s of secrets) s.type = to;
      say();
    });
    say();
    link.replaceWith(button);
  }
}

/** renew gives a form that was sent before another id where its text has changed: it is another
 *  request then, while the same text sent again stays the same one. */
function renew(form: HTMLFormElement): void {
  const id = form.elements.namedItem("client_id");
  const text = form.elements.namedItem("text");
  if (!(id instanceof HTMLInputElement) || !(text instanceof HTMLTextAreaElement)) return;
  if (form.dataset["last"] !== undefined && form.dataset["last"] !== text.value) {
    id.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  }
  form.dataset["last"] = text.value;
}

/** swap sends a form in place and puts in what the page that follows has in the element of that id. */
export function swap(): void {
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset["swap"] || e.defaultPrevented) return;
    e.preventDefault();
    void send(form, form.dataset["swap"], e.submitter);
  });
}

async function send(form: HTMLFormElement, id: string, submitter: HTMLElement | null): Promise<void> {
  try {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form, submitter)) body.append(name, String(value));
    const headers = { Accept: "text/html" };
    const url = new URL(form.action);
    if (form.method === "get") url.search = body.toString();
    const response = await fetch(url, form.method === "get" ? { headers } : { method: "POST", body, headers });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = page.getElementById(id);
    if (!next) throw new Error("no " + id);
    document.getElementById(id)!.replaceWith(document.importNode(next, true));
    const now = document.getElementById(id)!;
    (now.querySelector<HTMLElement>("input:not([type=hidden]), textarea") ?? now).focus();
    const status = now.querySelector("[role=status]");
    if (status) say(status.textContent ?? "");
  } catch {
    form.removeAttribute("data-swap");
    form.requestSubmit(submitter);
  }
}

/** copy shows the copy buttons below root, which are of no use without scripts. */
export function copy(root: ParentNode): void {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    button.hidden = false;
    const label = button.querySelector("span")!;
    const before = label.textContent;
    button.addEventListener("click", async () => {
      const what = document.getElementById(button.dataset["copy"]!)?.cloneNode(true) as HTMLElement | undefined;
      what?.querySelectorAll("sup").forEach((s) => s.remove());
      await navigator.clipboard.writeText(what?.textContent?.trim() ?? "");
      label.textContent = button.dataset["done"]!;
      say(button.dataset["done"]!);
      setTimeout(() => (label.textContent = before), 2000);
    });
  }
}

/** menus closes the open menu on Escape and on a press elsewhere. */
export function menus(): void {
  const open = () => document.querySelector<HTMLDetailsElement>("details.menu[open]");
  document.addEventListener("click", (e) => {
    const menu = open();
    if (menu && !menu.contains(e.target as Node)) menu.open = false;
  });
  document.addEventListener("keydown", (e) => {
    const menu = open();
    if (e.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}
