// Tables on the page, those of request and answer fields among them, read from JSON schemas.
import { both, el, say, text } from "./dom.js";

/** A table that scrolls sideways where it is too wide; heads are keys of text.js, or null for none. */
export function table(heads, rows) {
  const cells = ([head, ...others]) => [el("th", { scope: "row" }, head), ...others.map((cell) => el("td", {}, cell))];
  const body = el("tbody", {}, ...rows.map((row) => el("tr", {}, ...cells(row))));
  const top = heads && el("thead", {}, el("tr", {}, ...heads.map((key) => say(el("th", { scope: "col" }), key))));
  return el("div", { class: "scroll", tabIndex: 0 }, el("table", {}, top, body));
}

/** A description in both languages, of a schema or an operation. */
export const description = (thing) => el("span", {}, ...both(thing["x-description-zh"], thing.description));

/** The fields of an object's schema; null where it has none. */
export function fieldTable(openapi, schema) {
  const { properties, required = [] } = resolve(openapi, schema);
  if (!properties) return null;
  const rows = Object.entries(properties).map(([name, property]) => {
    const field = { ...resolve(openapi, property), ...property };
    const notes = el("small", { class: "type" }, typeText(openapi, field));
    if (required.includes(name)) notes.append(" · ", say(el("b"), "table.required"));
    if (field.default !== undefined) notes.append(" · ", say(el("span"), "table.default", { value: JSON.stringify(field.default) }));
    if (field.minimum !== undefined && field.maximum !== undefined) {
      const { minimum, maximum } = field;
      notes.append(" · ", say(el("span"), "table.range", { minimum, maximum }));
    }
    return [el("div", {}, el("code", {}, name), notes), description(field)];
  });
  return table(["table.field", "table.meaning"], rows);
}

function resolve(openapi, schema) {
  return schema.$ref ? schema.$ref.slice(2).split("/").reduce((at, name) => at[name], openapi) : schema;
}

function typeText(openapi, schema) {
  const known = resolve(openapi, schema);
  if (known.type === "array" && known.items) return text("table.list_of", { type: typeText(openapi, known.items) });
  const several = known.oneOf ?? known.anyOf;
  const kinds = several ? several.map((one) => typeText(openapi, one)) : [known.type ?? "object"].flat();
  return [...new Set(kinds.filter((kind) => kind !== "null"))].join(` ${text("table.or")} `);
}
