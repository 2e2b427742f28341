// A conversation with a ticket, in a list.

import type { JSX } from "preact";
import { go } from "./nav.ts";
import { Icon, Next, Status } from "./parts.tsx";
import { open, tickets } from "./session.ts";
import type { Kept } from "./storage.ts";
import { t } from "./text.ts";

export const to = (c: Kept): void => { open(c.id); go("conversation"); };

const Unread = ({ of: c }: { of: Kept }): JSX.Element | null =>
  c.unread ? <span class="unread">{t("widget.launcher.unread", { n: c.unread })}</span> : null;

export const Row = ({ of: c }: { of: Kept }): JSX.Element => {
  const x = tickets.value[c.id]!;
  return (
    <button type="button" class="row-link" data-part="ticket" data-ref={x.ref} onClick={() => to(c)}>
      <span><span dir="auto">{c.title || t("ticket.title", { ref: x.ref })}</span>
        <span class="row"><Status of={x} /><bdi class="meta">{x.ref}</bdi><Unread of={c} /></span><Next of={x} /></span><Icon is="right" />
    </button>
  );
};
