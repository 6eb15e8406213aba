// Tables, among them those of request and answer fields, made from JSON schemas.
import { both, el, say, text } from "./dom.js";

/** A table that scrolls sideways where it is too wide; heads are keys of text.js, or null for none. */
export function table(heads, rows) {
  const cells = ([head, ...others]) => [el("th", { scope: "row" }, head), ...others.map((cell) => el("td", {}, cell))];
  const body = el("tbody", {}, ...rows.map((row) => el("tr", {}, ...cells(row))));
  const top = heads && el("thead", {}, el("tr", {}, ...heads.map((key) => say(el("th", { scope: "col" }), key))));
  return el("div", { class: "scroll", tabIndex: 0 }, el("table", {}, top, body));
}

/** A description in both languages, of a field or an operation; empty where there is none. */
export function description(thing) {
  return el("span", {}, ...(thing.description ? both(thing["x-description-zh"], thing.description) : []));
}

/** The table of a request's fields, those of all alternatives. */
export function requestTable(schema) {
  const forms = schema.anyOf ?? [schema];
  const fields = {};
  for (const form of forms) {
    for (const [name, field] of Object.entries(form.properties)) {
      if (field.type !== "null") fields[name] = field;
    }
  }
  const needed = Object.keys(fields).filter((name) => forms.every((form) => form.required.includes(name)));
  const alternatives = Object.keys(fields).filter((name) => !needed.includes(name) && forms.some((form) => form.required.includes(name)));
  return fieldTable(fields, (name) => (needed.includes(name) ? "table.required" : alternatives.includes(name) ? "table.one_of" : null));
}

/** The table of an answer's fields; null if the schema names none. */
export function answerTable({ properties }) {
  return properties ? fieldTable(properties, () => null) : null;
}

function fieldTable(fields, need) {
  const rows = Object.entries(fields).flatMap(([name, field]) => rowsOf(name, field, need(name)));
  return table(["table.field", "table.meaning"], rows);
}

/** A field's row, and a row for each field inside it. */
function rowsOf(name, field, need) {
  const notes = el("small", { class: "type" }, typeText(field));
  const note = (element) => notes.append(" · ", element);
  const { minimum, maximum } = bounds(field);
  if (need) note(say(el("b"), need));
  if (field.default !== undefined) note(say(el("span"), "table.default", { value: JSON.stringify(field.default) }));
  if (maximum !== undefined) note(say(el("span"), "table.range", { minimum, maximum: inWords(maximum) }));
  const inner = Object.entries(field.properties ?? {}).flatMap(([child, schema]) => rowsOf(`${name}.${child}`, schema, null));
  return [[el("div", {}, el("code", {}, name), notes), description(field)], ...inner];
}

function bounds(field) {
  return [field, ...(field.anyOf ?? [])].find((schema) => schema.maximum !== undefined) ?? {};
}

const inWords = (number) => (number > Number.MAX_SAFE_INTEGER ? "2⁶³ − 1" : number);

function typeText(schema) {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return text("table.list_of", { type: typeText(schema.items) });
  const kinds = (schema.anyOf ?? [schema]).filter((kind) => kind.type !== "null");
  return [...new Set(kinds.map((kind) => (kind.anyOf || kind.type === "array" ? typeText(kind) : kind.type)))].join(` ${text("table.or")} `);
}
