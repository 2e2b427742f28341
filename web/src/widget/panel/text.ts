// What the server gave the panel to start with, and its words, numbers and dates in the reader's language.

/** Category is a reason of a request, and what is asked for with it. */
export interface Category { key: string; label: string; hint: string; fields: Asked[] }
export interface Asked { key: string; label: string; type: string; required: boolean; choices: { key: string; label: string }[] }

export interface Config {
  lang: string;
  tag: string;
  site: string;
  langs: { lang: string; tag?: string; name: string }[]; // tag where it is not the same
  sites: string[];
  categories: Category[];
  promise: string;
  zone: string;
  maxQuestion: number;
  maxRequest: number;
  attach: string;
  texts: Record<string, string | Record<string, string>>;
}

export const config = JSON.parse(document.getElementById("panel-config")!.textContent!) as Config;

const numbers = new Intl.NumberFormat(config.tag, { useGrouping: "min2" });
const plurals = new Intl.PluralRules(config.tag);
export const ownZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

type Values = Record<string, string | number>;

const fill = (text: string, values: Values): string =>
  text.replace(/\{(\w+)\}/g, (all, name: string) => {
    const v = values[name];
    return v === undefined ? all : typeof v === "number" ? numbers.format(v) : v;
  });

/** t is the text of a key; a text with plural forms takes the one for values.n. */
export function t(key: string, values: Values = {}): string {
  const text = config.texts[key] ?? key;
  if (typeof text === "string") return fill(text, values);
  return fill(text[plurals.select(Number(values["n"]))] ?? text["other"]!, values);
}

export const tagOf = (lang: string): string => config.langs.find((l) => l.lang === lang)?.tag ?? lang;
export const nameOf = (lang: string): string => config.langs.find((l) => l.lang === lang)?.name ?? lang;

/** lead is what the assistant says before, or instead of, an answer's sentences; "" where it has none. */
export const lead = (a: { outcome: string; handoff?: { reason: string }; courtesy?: string }): string =>
  a.handoff ? t("handoff." + a.handoff.reason) : a.courtesy ? t("courtesy." + a.courtesy) : a.outcome === "answered" ? "" : t("answer." + a.outcome);

/** day is a date without its time. */
export const day = (iso: string): string =>
  new Intl.DateTimeFormat(config.tag, { dateStyle: "long" }).format(new Date(iso));

/** time is a date with its time in the reader's zone, which is named where it is not the site's. */
export const time = (iso: string): string =>
  new Intl.DateTimeFormat(config.tag, {
    weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit",
    ...(ownZone !== config.zone && { timeZoneName: "short" }),
  }).format(new Date(iso));

/** typeset shows an article's words as they are set: a table's cells, which the assistant reads as one
 *  line, apart; and in French no line broken before a sign that stands with a space. */
export const typeset = (text: string, lang: string): string => {
  text = text.replaceAll(" | ", " – ");
  return lang === "fr" ? text.replace(/(«) | (?=[»:])/g, "$1\u00a0").replace(/ (?=[;?!])/g, "\u202f") : text;
};

/** length counts characters as the server does. */
export const length = (text: string): number => [...text.trim()].length;

/** wrong says what keeps a text from being sent; "" if nothing does. */
export function wrong(text: string, max: number): string {
  const n = length(text);
  return n === 0 ? t("problem.text_missing") : n > max ? t("problem.too_long", { n, max }) : "";
}
