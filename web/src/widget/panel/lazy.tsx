// What the panel does not need to begin with: it comes when it is wanted, or when there is time.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Loading, Retry } from "./parts.tsx";
import { t } from "./text.ts";

type More = typeof import("./more.tsx");
export const more = signal<More | null>(null);
const failed = signal(false);

export const fetchMore = (): Promise<void> => {
  failed.value = false;
  return import("./more.tsx").then((m) => { more.value = m; }, () => { failed.value = true; });
};

addEventListener("online", () => { if (failed.value) void fetchMore(); });

/** Later shows a part of it, once it is there. */
export function Later({ show }: { show: (m: More) => JSX.Element }): JSX.Element {
  useEffect(() => { if (!more.value) void fetchMore(); }, []);
  if (more.value) return show(more.value);
  return <div class="page">{failed.value ? <Retry text={t("widget.not_loaded")} again={() => void fetchMore()} /> : <Loading />}</div>;
}
