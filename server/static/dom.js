// Creates elements and sets texts: every text comes from text.js and follows the language switch.
import { texts } from "./text.js";

/** "zh" or "en". */
export const language = () => (document.documentElement.lang.startsWith("zh") ? "zh" : "en");

/** A text of text.js in the page's language; {names} in it are replaced from values. */
export function text(key, values = {}) {
  const entry = texts[key];
  if (!entry) throw new Error(`text.js has no ${key}`);
  return entry[language()].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Shows a text and keeps it in the page's language; key null empties the element. */
export function say(element, key, values = {}) {
  if (key === null) {
    delete element.dataset.text;
    element.textContent = "";
    return element;
  }
  element.dataset.text = key;
  element.dataset.values = JSON.stringify(values);
  element.textContent = text(key, values);
  return element;
}

/** Gives an element an accessible name and keeps it in the page's language. */
export function label(element, key, values = {}) {
  element.dataset.label = key;
  element.dataset.values = JSON.stringify(values);
  element.setAttribute("aria-label", text(key, values));
  return element;
}

/** Puts every text and accessible name under root into the page's language. */
export function translate(root = document) {
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text, JSON.parse(element.dataset.values ?? "{}"));
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label, JSON.parse(element.dataset.values ?? "{}")));
  }
}

/** An element with properties (class, data-* and aria-* among them) and children. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A text in both languages; the style sheet hides one of them. */
export const both = (zh, en) => [el("span", { lang: "zh" }, zh), el("span", { lang: "en" }, en)];

/** An error's message with the page's words in place of the name of a request's field. */
export function plainly({ message, facts: { param } }) {
  if (!texts[`param.${param}`]) return message;
  const name = text(`param.${param}`);
  const words = message.replace(language() === "zh" ? new RegExp(`${param} ?`) : param, name);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** "1:05" or, below a minute, "6.9 s". */
export function duration(seconds) {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A share as a percentage: 0.0421 -> "4.2 %". */
export const percent = (share) => `${Math.round(share * 100)} %`;

/** 67108864 -> "64 MiB". */
export function bytes(count) {
  return count >= 2 ** 20 ? `${+(count / 2 ** 20).toFixed(1)} MiB` : `${+(count / 2 ** 10).toFixed(1)} KiB`;
}
