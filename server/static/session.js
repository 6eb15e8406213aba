// This tab's connection to the server that served the page.
import { language } from "./dom.js";

const KEY = "openvoice.key";
let apiKey = sessionStorage.getItem(KEY);

/** Keeps the API key for as long as the tab lives. */
export function useKey(key) {
  apiKey = key;
  sessionStorage.setItem(KEY, key);
}

/** Connection options for the calls of openvoice.js. */
export const connection = () => ({ apiKey, language: language() });

/** A response whose status is not 2xx; `status` holds it. */
export class Refused extends Error {
  constructor(response) {
    super(`${response.status} ${response.statusText}`);
    this.status = response.status;
  }
}

/** GETs JSON from this server. */
export async function getJson(path) {
  const response = await fetch(path, { headers: apiKey ? { Authorization: `Bearer ${apiKey}` } : {} });
  if (!response.ok) throw new Refused(response);
  return response.json();
}
