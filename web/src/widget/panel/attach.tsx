// The button that files are chosen with. What takes them is loaded when the first one comes.

import type { JSX, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Files, mount, save } from "../attach.ts";
import type { Attachment } from "./api.ts";
import { Icon } from "./parts.tsx";
import { conversation, current, keyOf, say } from "./session.ts";
import { config, t } from "./text.ts";

/** Attach stands in a form; files come by its button, or are dropped or pasted anywhere in the form. */
export function Attach({ files, title }: { files: RefObject<Files | null>; title: string }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const load = async (): Promise<Files> => {
    if (!files.current) {
      const m = await import(config.attach) as { mount: typeof mount };
      files.current ??= m.mount({
        list: list.current!, lang: config.lang, say, conversation: () => conversation(title).then((c) => ({ id: c.id, token: keyOf(c) })),
        words: { retry: t("widget.retry"), remove: (name) => t("widget.attach_remove", { name }) },
      });
    }
    return files.current;
  };
  useEffect(() => {
    const form = box.current!.closest("form")!;
    const take = (e: Event, from: DataTransfer | null): void => {
      if (!from?.files.length) return;
      e.preventDefault();
      const came = [...from.files]; // the transfer is empty once this event is over
      void load().then((f) => f.add(came));
    };
    const paste = (e: ClipboardEvent): void => take(e, e.clipboardData);
    const drop = (e: DragEvent): void => { delete form.dataset["drop"]; take(e, e.dataTransfer); };
    const over = (e: DragEvent): void => {
      if (!e.dataTransfer?.types.includes("Files")) return;
      e.preventDefault();
      form.dataset["drop"] = t("widget.attach_drop");
    };
    const leave = (): void => { delete form.dataset["drop"]; };
    form.addEventListener("paste", paste);
    form.addEventListener("drop", drop);
    form.addEventListener("dragover", over);
    form.addEventListener("dragleave", leave);
    return () => {
      files.current = null;
      form.removeEventListener("paste", paste);
      form.removeEventListener("drop", drop);
      form.removeEventListener("dragover", over);
      form.removeEventListener("dragleave", leave);
    };
  }, []);
  return (
    <div class="attach" ref={box} data-part="attach">
      <button type="button" class="button quiet" onClick={() => void load().then((f) => f.choose())}><Icon is="page" />{t("widget.attach")}</button>
      <div ref={list} />
    </div>
  );
}

/** Sent are the files of an entry. */
export const Sent = ({ of }: { of: Attachment[] }): JSX.Element => (
  <ul class="files">
    {of.map((f) => (
      <li class="file" key={f.id}>
        <Icon is={f.url ? "page" : "alert"} />
        {f.url
          ? <button type="button" class="link" onClick={() => void import(config.attach).then((m: { save: typeof save }) => m.save(f.url!, keyOf(current.value!), f.name)).catch((e: Error) => say(e.message))}><bdi>{f.name}</bdi></button>
          : <bdi>{f.name}</bdi>}
        <span class="meta">{f.text}</span>
      </li>
    ))}
  </ul>
);
