// The popular articles, and those of a collection.

import { useEffect, useState } from "preact/hooks";
import { call, type Shelf } from "./api.ts";
import { reason } from "./parts.tsx";

/** useShelf reads the popular articles, or those of a collection. */
export function useShelf(collection = ""): { shelf: Shelf | null; problem: string; again: () => void } {
  const [shelf, set] = useState<Shelf | null>(null);
  const [problem, fail] = useState("");
  const again = (): void => {
    fail("");
    set(null);
    call<Shelf>("articles", { query: collection ? { collection } : {} }).then(set, (e) => fail(reason(e)));
  };
  useEffect(again, [collection]);
  return { shelf, problem, again };
}
