// The reference part of the page, drawn from /openapi.json and /api/info.
import { codeBlock, codeTabs, forgetTabs } from "./code-blocks.js";
import { both, bytes, el, language, say, text } from "./dom.js";
import { examples } from "./examples.js";
import { answerTable, description, requestTable, table } from "./tables.js";

const LONGEST_TEXT = 200;
const MODEL_FIELDS = ["name", "variant", "model_id", "precision", "providers", "sample_rate", "input_bandwidth_hz", "real_time_factor", "licence", "provenance"];
const LINES = ["reference.line_first", "reference.line_window", "reference.line_last"]; // of the stream's answer
const EXAMPLE_ERROR = "audio_too_short"; // its code

/**
 * Draws every table and example.
 *
 * @param openapi /openapi.json
 * @param asyncapi /asyncapi.json
 * @param live answers of this server by path: /api/info and /api/health
 * @param samples samples.json: its first two voices are target and source of the examples
 */
export function drawReference({ openapi, asyncapi, live, samples }) {
  const info = live["/api/info"];
  const clips = samples.slice(0, 2).map((sample) => sample.file);
  const code = examples(location.origin, clips, info.api_key_required);
  const sections = [...document.querySelectorAll("[data-operation]")];
  forgetTabs();
  for (const section of sections) drawOperation(section, openapi, code, live);
  for (const place of document.querySelectorAll("[data-example]")) place.replaceChildren(codeTabs(code[place.dataset.example]));
  drawMessages(asyncapi);
  drawOtherOperations(openapi, sections.map((section) => section.dataset.operation));
  drawErrors(openapi);
  drawLimits(openapi, info.limits);
  drawModel(info);
}

function drawOperation(section, openapi, code, live) {
  const [method, path] = section.dataset.operation.split(" ");
  const operation = openapi.paths[path][method];
  section.querySelector("h2").replaceChildren(el("span", { class: `method ${method}` }, method.toUpperCase()), el("code", {}, path));
  section.querySelector(".drawn")?.remove();
  const drawn = el("div", { class: "drawn" });
  const add = (key, content) => content && drawn.append(say(el("h3"), key), content);
  const request = operation.requestBody?.content["application/json"];
  const [, success] = Object.entries(operation.responses).find(([status]) => status < 300);
  const [kind, answer] = Object.entries(success.content)[0];
  const twin = request && sameRequest(openapi, path, request.schema);
  if (twin) add("reference.request", say(el("p"), "reference.same_request", { path: twin }));
  else if (request) add("reference.request", requestTable(request.schema));
  if (answer.schema.anyOf) LINES.forEach((key, i) => add(key, answerTable(answer.schema.anyOf[i])));
  else add("reference.response", answerTable(answer.schema));
  add("reference.example", codeTabs(code[path]));
  if (live[path]) add("reference.answer_live", codeBlock(shortened(live[path])));
  else if (answer.example) add("reference.answer", codeBlock(answerText(kind, answer.example)));
  section.append(drawn);
}

/** Draws the messages of a live session, in the order in which they are sent. */
function drawMessages({ channels, components }) {
  document.getElementById("live-api-title").replaceChildren(el("span", { class: "method" }, "WebSocket"), el("code", {}, channels.live.address));
  const parts = Object.entries(components.messages).flatMap(([name, message]) => {
    const fields = name === "start" ? requestTable(message.payload) : answerTable(message.payload);
    const summary = el("p", {}, ...both(message["x-summary-zh"], message.summary));
    return [el("h3", {}, el("code", {}, name)), summary, ...(fields ? [fields] : [])];
  });
  fill("live-messages", el("div", {}, ...parts));
}

/** An earlier path with the same request; undefined if there is none. */
function sameRequest(openapi, path, schema) {
  const earlier = Object.keys(openapi.paths).slice(0, Object.keys(openapi.paths).indexOf(path));
  return earlier.find((other) => {
    const content = openapi.paths[other].post?.requestBody?.content["application/json"];
    return JSON.stringify(content?.schema) === JSON.stringify(schema);
  });
}

function answerText(kind, example) {
  if (!kind.includes("ndjson")) return shortened(example);
  return example.trim().split("\n").map((line) => shortened(JSON.parse(line), 0)).join("\n");
}

/** Formats JSON for reading; base64 and other long texts are shortened. */
function shortened(value, indent = 2) {
  const cut = (_, item) => (typeof item === "string" && item.length > LONGEST_TEXT ? `${item.slice(0, 24)}…` : item);
  return JSON.stringify(value, cut, indent);
}

function drawOtherOperations(openapi, shown) {
  const rows = [];
  for (const [path, methods] of Object.entries(openapi.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (!shown.includes(`${method} ${path}`)) rows.push([el("code", {}, `${method.toUpperCase()} ${path}`), description(operation)]);
    }
  }
  fill("operations-table", table(["table.endpoint", "table.meaning"], rows));
}

function drawErrors(openapi) {
  const rows = openapi["x-errors"].map((error) => [
    el("code", {}, error.code), String(error.status), sentence(error, (fact) => `‹${fact}›`), factList(error.facts),
  ]);
  const error = openapi["x-errors"].find(({ code }) => code === EXAMPLE_ERROR);
  const message = sentence(error, (fact) => error.example[fact]);
  fill("error-example", codeBlock(shortened({ success: false, message, error: error.example, request_id: "27fb376b09764614" })));
  fill("errors-table", table(["table.code", "table.status", "table.message", "table.facts"], rows));
}

/** An error's message in the page's language, its {facts} filled in. */
function sentence(error, fact) {
  return (language() === "zh" ? error.message_zh : error.message_en).replace(/\{(\w+)[^}]*\}/g, (_, name) => fact(name));
}

/** The facts of an error besides its code and field, each with its meaning. */
function factList(facts) {
  return el("div", {}, ...Object.entries(facts).map(([name, fact]) => el("div", {}, el("code", {}, name), " ", description(fact))));
}

function drawLimits(openapi, limits) {
  const described = openapi.paths["/api/info"].get.responses["200"].content["application/json"].schema.properties.limits.properties;
  const rows = Object.entries(limits).map(([name, value]) => [el("code", {}, name), amount(name, value), description(described[name])]);
  fill("limits-table", table(["table.limit", "table.value", "table.meaning"], rows));
  for (const place of document.querySelectorAll("[data-limit]")) {
    place.textContent = amount(place.dataset.limit, limits[place.dataset.limit]);
  }
}

function amount(name, value) {
  if (value === null) return text("limit.none");
  if (Array.isArray(value)) return value.map((one) => amount(name, one)).join(" – ");
  if (name.includes("bytes")) return bytes(value);
  if (!name.includes("seconds")) return String(value);
  if (value >= 120 && value % 60 === 0) return text("limit.minutes", { minutes: value / 60 });
  return text("limit.seconds", { seconds: value });
}

function drawModel(info) {
  const shown = { ...info, providers: info.providers.join(", "), sample_rate: `${info.sample_rate} Hz`, input_bandwidth_hz: `${info.input_bandwidth_hz} Hz` };
  const rows = MODEL_FIELDS.map((name) => [text(`model.${name}`), String(shown[name])]);
  const graphs = Object.entries(info.graphs).map(([file, hash]) => el("div", {}, file, el("code", { class: "hash" }, hash)));
  rows.push([text("model.graphs"), el("div", {}, ...graphs)]);
  fill("model-table", table(null, rows));
}

function fill(id, content) {
  document.getElementById(id).replaceChildren(content);
}
