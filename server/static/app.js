// Sets up the page: switches, facts about the server, playground and reference.
import { el, language, say, text, translate } from "./dom.js";
import { LivePanel } from "./live-panel.js";
import { Playground } from "./playground.js";
import { drawReference } from "./reference.js";
import { Refused, getJson, useKey } from "./session.js";
import { VerifyPanel } from "./verify-panel.js";

const RETRY_MILLISECONDS = 2000;
const $ = (id) => document.getElementById(id);
const playground = new Playground();
new LivePanel(playground.target, playground.stored);
new VerifyPanel($("verify-panel"));
let known = null;

function drawSwitches() {
  const { openvoicePreferences: preferences } = window;
  $("language-switch").addEventListener("click", () => preferences.chooseLanguage(language() === "zh" ? "en" : "zh"));
  $("theme-switch").addEventListener("click", () => {
    preferences.chooseTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  });
  document.addEventListener("openvoice:language", () => {
    translate();
    if (known) drawKnown();
  });
  $("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    useKey($("api-key").value.trim());
    load({ keyTried: true });
  });
}

/** Loads the description of the server; retries while it starts, and asks for the key if one is needed. */
async function load({ keyTried = false } = {}) {
  try {
    const paths = ["/api/info", "/api/health", "/openapi.json", "/asyncapi.json", "/samples/samples.json"];
    const [info, health, openapi, asyncapi, samples] = await Promise.all(paths.map(getJson));
    known = { openapi, asyncapi, samples, live: { "/api/info": info, "/api/health": health } };
  } catch (error) {
    if (error instanceof Refused && error.status === 401) askForKey(keyTried);
    else if (error instanceof Refused && error.status === 503) retry("facts.loading");
    else if (error instanceof Refused || error instanceof TypeError) retry("facts.unreachable");
    else throw error;
    return;
  }
  $("key-panel").hidden = true;
  playground.limit(known.live["/api/info"].limits);
  playground.offer(known.samples);
  playground.stored.offer(known.live["/api/info"]);
  drawKnown();
}

function askForKey(keyTried) {
  $("key-panel").hidden = false;
  say($("key-note"), keyTried ? "key.refused" : null);
  $("api-key").focus();
}

function retry(key) {
  $("facts").replaceChildren(el("div", { class: "fact waiting" }, say(el("dd"), key)));
  setTimeout(load, RETRY_MILLISECONDS);
}

function drawKnown() {
  const info = known.live["/api/info"];
  const facts = [
    ["facts.model", `${info.name} · ${info.precision}`],
    ["facts.runs_on", info.providers.map((name) => name.replace("ExecutionProvider", "")).join(", ")],
    ["facts.output", `${info.sample_rate} Hz · WAV`],
  ];
  if (info.real_time_factor) facts.push(["facts.speed", text("facts.speed_value", { times: Math.round(1 / info.real_time_factor) })]);
  $("facts").replaceChildren(...facts.map(([key, value]) => el("div", { class: "fact" }, say(el("dt"), key), el("dd", {}, value))));
  drawReference(known);
}

drawSwitches();
translate();
load();
