// Files that a member sends with what they write. Loaded with the form of a request (whose proof of
// work comes along), or when the first file is chosen, dropped or pasted, so it brings nothing of the
// panel along and needs nothing of it: plain elements below one of the panel's own.

export { prover } from "../proof/proof.ts";

/** What the panel lends. */
export interface Lender {
  list: HTMLElement; // where the files are shown; nothing else writes in it
  lang: string;
  conversation: () => Promise<{ id: string; token: string }>;
  say: (text: string) => void; // to screen readers
  words: { retry: string; remove: (name: string) => string };
}

/** Files are those that wait to be sent. */
export interface Files {
  add: (files: Iterable<File>) => void;
  choose: () => void;
  busy: () => boolean; // some are still on their way
  ids: () => string[];
  clear: () => void;
}

interface Limits { types: { extensions: string[]; max_bytes: number }[]; max_files: number; text: string; refusals: { large: string; type: string; many: string } }
interface Reply { attachment?: { id: string; name: string; text: string }; detail?: string; errors?: { detail: string }[] }

interface Item { row: HTMLLIElement; file: File; key: string; id: string; call: XMLHttpRequest | null }

export function mount(to: Lender): Files {
  const items: Item[] = [];
  const hint = make("p", "meta");
  const rows = make("ul", "files");
  const input = make("input", "");
  input.type = "file";
  input.multiple = true;
  input.hidden = true;
  to.list.replaceChildren(hint, rows, input);
  // What may be sent is said before somebody chooses.
  const limits = fetch(`/api/v1/attachments/limits?lang=${to.lang}`).then((r) => r.json() as Promise<Limits>).then((l) => {
    hint.textContent = l.text;
    input.accept = l.types.flatMap((k) => k.extensions.map((e) => "." + e)).join(",");
    return l;
  }).catch(() => null);

  const show = (item: Item, text: string, action: string, act: () => void): void => {
    const name = make("bdi", "");
    name.textContent = item.file.name;
    const state = make("span", "meta");
    state.textContent = text;
    const remove = button("×", to.words.remove(item.file.name), () => drop(item));
    item.row.replaceChildren(name, state, ...(action ? [button(action, "", act)] : []), remove);
  };

  const send = async (item: Item): Promise<void> => {
    const bar = make("progress", "");
    bar.max = 1;
    bar.value = 0;
    show(item, "0 %", "", () => {});
    bar.setAttribute("aria-label", item.file.name);
    item.row.append(bar);
    const failed = (text: string): void => {
      item.call = null;
      show(item, text, to.words.retry, () => void send(item));
      to.say(`${item.file.name} : ${text}`);
    };
    let c: { id: string; token: string };
    try {
      c = await to.conversation();
    } catch (e) {
      return failed(e instanceof Error ? e.message : "");
    }
    if (!items.includes(item)) return; // taken back meanwhile
    const call = item.call = new XMLHttpRequest(); // fetch tells of no progress
    call.open("POST", `/api/v1/conversations/${c.id}/attachments?lang=${to.lang}`);
    call.setRequestHeader("Authorization", "Bearer " + c.token);
    call.setRequestHeader("Content-Disposition", "attachment; filename*=UTF-8''" + encodeURIComponent(item.file.name).replace(/['()*]/g, (x) => "%" + x.charCodeAt(0).toString(16)));
    call.setRequestHeader("Idempotency-Key", item.key);
    call.setRequestHeader("Content-Type", "application/octet-stream");
    call.upload.onprogress = (e) => {
      bar.value = e.loaded / e.total;
      item.row.querySelector(".meta")!.textContent = `${Math.floor(100 * bar.value)} %`;
    };
    call.onloadend = () => {
      if (!items.includes(item)) return;
      let reply: Reply = {};
      try { reply = JSON.parse(call.responseText) as Reply; } catch { /* no answer */ }
      if (!reply.attachment) return failed(reply.errors?.[0]?.detail ?? reply.detail ?? "");
      item.call = null;
      item.id = reply.attachment.id;
      show(item, reply.attachment.text, "", () => {});
      to.say(`${reply.attachment.name} : ${reply.attachment.text}`);
    };
    call.send(item.file);
  };

  const drop = (item: Item): void => {
    items.splice(items.indexOf(item), 1);
    item.call?.abort();
    item.row.remove();
    input.parentElement?.parentElement?.querySelector("button")?.focus();
    if (item.id) void to.conversation().then((c) => fetch(`/api/v1/conversations/${c.id}/attachments/${item.id}`, { method: "DELETE", headers: { Authorization: "Bearer " + c.token } })).catch(() => {});
  };

  const add = (files: Iterable<File>): void => {
    for (const file of files) {
      const item: Item = { row: make("li", "file"), file, key: crypto.randomUUID(), id: "", call: null };
      items.push(item);
      rows.append(item.row);
      void limits.then((l) => {
        // Before it is sent for nothing; what it really is the server finds out.
        const ext = file.name.split(".").pop()!.toLowerCase();
        const kind = l?.types.find((k) => k.extensions.includes(ext));
        const no = !l ? "" : !kind ? l.refusals.type : file.size > kind.max_bytes ? l.refusals.large.replace("{max}", String(kind.max_bytes / 1e6))
          : items.indexOf(item) >= l.max_files ? l.refusals.many : "";
        if (no) {
          show(item, no.replace("{name}", file.name), "", () => {});
          to.say(no.replace("{name}", file.name));
          return;
        }
        void send(item);
      });
    }
  };
  input.onchange = () => {
    add(input.files ?? []);
    input.value = "";
  };
  return {
    add,
    choose: () => input.click(),
    busy: () => items.some((i) => i.call),
    ids: () => items.flatMap((i) => i.id || []),
    clear: () => {
      items.splice(0);
      rows.replaceChildren();
    },
  };
}

const make = <K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] => {
  const e = document.createElement(tag);
  if (name) e.className = name;
  return e;
};

const button = (text: string, label: string, act: () => void): HTMLButtonElement => {
  const b = make("button", "button quiet");
  b.type = "button";
  b.textContent = text;
  if (label) b.setAttribute("aria-label", label);
  b.onclick = act;
  return b;
};

/** save gives a file to the browser. A link could not carry the conversation's token, and should not. */
export async function save(url: string, token: string, name: string): Promise<void> {
  const response = await fetch(new URL(url).pathname, { headers: { Authorization: "Bearer " + token }, cache: "no-store" });
  if (!response.ok) throw new Error(((await response.json()) as Reply).detail ?? "");
  const link = make("a", "");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
