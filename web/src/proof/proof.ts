// A guest's proof of work, made while a form is being filled in. It is loaded with the form, by the
// pages and by the panel, and works by itself: nobody sees anything of it.

import { solve, type Challenge } from "./work.ts";

/** Prover has a proof ready, or is at one. */
export interface Prover {
  /** take gives a proof, once; "" where none can be had: then the form goes without. */
  take(): Promise<string>;
  /** send calls go with a proof; where that one is not taken (the machine slept, the server's keys are
   *  new), once more with another. */
  send<T>(go: (proof: string) => Promise<T>): Promise<T>;
}

const MARGIN = 60_000; // before it expires, a proof is made anew
const PATIENCE = 10_000; // how long a form that is to be sent waits for one

async function prove(purpose: string): Promise<{ proof: string; until: number }> {
  const r = await fetch("/api/v1/challenge?" + new URLSearchParams({ purpose }), { cache: "no-store" });
  if (!r.ok) throw new Error(String(r.status));
  const c = await r.json() as Challenge;
  const begun = Date.now();
  const number = await solve(c);
  if (number === null) throw new Error("unsolved");
  const took = Date.now() - begun;
  performance.measure?.("guichet:proof", { start: performance.now() - took, duration: took });
  const { algorithm, challenge, salt, signature } = c;
  return { proof: btoa(JSON.stringify({ algorithm, challenge, number, salt, signature })), until: Date.parse(c.expires_at) - MARGIN };
}

/** prover begins to work. */
export function prover(purpose: string): Prover {
  const begin = () => {
    const work = prove(purpose);
    work.catch(() => {}); // said where it is taken
    return work;
  };
  let work: ReturnType<typeof prove> | null = begin();
  const late = () => new Promise<null>((go) => setTimeout(go, PATIENCE, null));
  return {
    async send(go) {
      return go(await this.take()).catch(async (e: { fields?: Record<string, string> }) => {
        if (!e.fields?.["proof"]) throw e;
        return go(await this.take());
      });
    },
    async take() {
      for (let tries = 0; tries < 2; tries++) {
        const mine = work ?? begin();
        work = null;
        const made = await Promise.race([mine.catch(() => undefined), late()]);
        if (made && made.until > Date.now()) return made.proof;
        if (made === null) break; // too slow a machine, or no network
      }
      return "";
    },
  };
}
