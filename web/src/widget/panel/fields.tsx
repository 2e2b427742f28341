// What a category asks for: with the request, or while the member waits.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { call, Refused, type Ticket } from "./api.ts";
import { FieldError, Icon, reason } from "./parts.tsx";
import { keyOf, own, path, tickets } from "./session.ts";
import { config, t, type Asked } from "./text.ts";

interface Props { of: Asked[]; values: Record<string, string>; errors: Record<string, string>; set: (key: string, value: string) => void }

/** Fields are inputs, one below the other; errors name them as the server does. */
export const Fields = ({ of, values, errors, set }: Props): JSX.Element => (
  <>
    {of.map((f) => {
      const id = "asked-" + f.key, wrong = errors["fields." + f.key];
      const more = { id, ...(wrong && { "aria-invalid": "true" as const, "aria-describedby": id + "-error" }) };
      const choices = f.type === "yes_no" ? [{ key: "yes", label: t("request.yes") }, { key: "no", label: t("request.no") }] : f.choices;
      const value = values[f.key] ?? "";
      return (
        <div class="field" key={f.key}>
          <label for={id}>{f.label}</label>
          {f.type === "yes_no" || f.type === "choice"
            ? <select value={value} onChange={(e) => set(f.key, e.currentTarget.value)} {...more}><option value="" />{choices.map((c) => <option key={c.key} value={c.key}>{c.label}</option>)}</select>
            : f.type === "date"
              ? <input type="date" value={value} onInput={(e) => set(f.key, e.currentTarget.value)} {...more} />
              : <input type="text" dir="auto" autocomplete="off" value={value} onInput={(e) => set(f.key, e.currentTarget.value)} {...more} />}
          {wrong && <FieldError id={id + "-error"} text={wrong} />}
        </div>
      );
    })}
  </>
);

/** Missing asks for what a ticket still lacks. */
export function Missing({ of: x, filled }: { of: Ticket; filled: (t: Ticket) => void }): JSX.Element | null {
  const [values, setValues] = useState<Record<string, string>>({});
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const c = own.value.find((k) => tickets.value[k.id]?.ref === x.ref);
  const fields = config.categories.find((k) => k.key === x.category)?.fields.filter((f) => x.missing.includes(f.key)) ?? [];
  if (!c || !fields.length) return null;
  const submit = async (): Promise<void> => {
    setProblem("");
    setErrors({});
    try {
      const { ticket } = await call<{ ticket: Ticket }>(path(c.id, "/fields"), { token: keyOf(c), body: { fields: values } });
      tickets.value = { ...tickets.value, [c.id]: ticket };
      filled(ticket);
    } catch (e) {
      if (e instanceof Refused && Object.keys(e.fields).length) {
        setErrors(e.fields);
        setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      } else setProblem(reason(e, "widget.not_sent"));
    }
  };
  return (
    <form class="form" ref={form} noValidate data-part="missing" aria-label={t("request.missing")} onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <h3>{t("request.missing")}</h3>
      <p class="meta">{t("request.missing_text")}</p>
      <Fields of={fields} values={values} errors={errors} set={(key, v) => setValues({ ...values, [key]: v })} />
      {problem && <p class="field-error" role="alert"><Icon is="alert" /><span>{problem}</span></p>}
      <button type="submit" class="button outline" data-part="missing-send">{t("request.missing_send")}</button>
    </form>
  );
}
