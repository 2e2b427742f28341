// Forms that carry a proof of work: it is made while they are filled in, and put in as they leave.
// Where it cannot be had they go without, as without scripts.

import type { prover, Prover } from "./proof/proof.ts";

/** proofs makes the forms that name the script ask for one. */
export function proofs(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-proof]")) watch(form);
}

function watch(form: HTMLFormElement): void {
  const field = form.elements.namedItem("proof");
  if (!(field instanceof HTMLInputElement)) return;
  const load = async (): Promise<Prover> => (await import(form.dataset["proof"]!) as { prover: typeof prover }).prover("request");
  let work: Promise<Prover> | null = null;
  const begin = () => (work ??= load());
  let ready = false;
  let waiting = false;
  begin().catch(() => {});
  form.addEventListener("submit", (e) => {
    if (ready || form.dataset["sent"]) return;
    e.preventDefault();
    if (waiting) return;
    waiting = true;
    void (async () => {
      field.value = await begin().then((p) => p.take(), () => "");
      await new Promise((go) => setTimeout(go)); // within the event itself, nothing can be sent again
      ready = true;
      waiting = false;
      form.requestSubmit(e.submitter);
      if (!form.dataset["sent"]) setTimeout(() => { ready = false; }); // something else kept it here
    })();
  });
  // Coming back to a page that the browser kept: that proof is spent.
  addEventListener("pageshow", (e) => {
    if (!e.persisted) return;
    ready = false;
    field.value = "";
  });
}
