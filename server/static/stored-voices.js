// Stored voices in the target panel: using one, mixing two, storing the panel's clips, deleting.
import { fittingBlob } from "./audio.js";
import { el, plainly, say, text } from "./dom.js";
import { OpenVoiceError, addVoice, deleteVoice, listVoices } from "./openvoice.js";
import { connection } from "./session.js";

const $ = (id) => document.getElementById(id);

export class StoredVoices extends EventTarget {
  #panel;
  #bodyBytes = Infinity;
  #names = [];

  /** @param panel the ClipPanel of the target, whose clips a stored voice takes the place of */
  constructor(panel) {
    super();
    this.#panel = panel;
    $("target-panel").append($("stored"));
    for (const id of ["stored-first", "stored-second"]) $(id).addEventListener("change", () => this.#chosen());
    $("stored-share").addEventListener("input", () => this.#show());
    $("stored-delete").addEventListener("click", () => this.#delete());
    $("stored-save").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    panel.addEventListener("change", () => this.#clipsChanged());
    document.addEventListener("openvoice:language", () => this.#show());
  }

  /** The stored voice to use: a name, or weights by name; null where the clips are the target. */
  get target() {
    const [first, second] = [$("stored-first").value, $("stored-second").value];
    if (!first) return null;
    const share = Number($("stored-share").value);
    return second ? { [first]: 1 - share, [second]: share } : first;
  }

  /** Shows the voices of the server, if it stores any. */
  async offer(info) {
    $("stored").hidden = !info.stores_voices;
    this.#bodyBytes = info.limits.body_bytes;
    if (info.stores_voices) await this.#try(() => this.#load());
  }

  async #load() {
    this.#names = (await listVoices(connection())).map(({ name }) => name);
    this.#show();
  }

  #chosen() {
    say($("stored-note"), null);
    this.#show();
    this.dispatchEvent(new Event("change"));
  }

  #clipsChanged() {
    // What was done last counts: whoever adds a clip wants to use it.
    if (this.#panel.clips.length > 0) $("stored-first").value = "";
    this.#show();
  }

  #show() {
    const clips = this.#panel.clips.length;
    const first = fill($("stored-first"), this.#names, clips > 0 ? "stored.clips" : "stored.none");
    const second = fill($("stored-second"), this.#names.filter((name) => name !== first), "stored.nothing");
    $("stored-use").hidden = this.#names.length === 0;
    $("stored-delete").hidden = !first;
    $("stored-mix").hidden = !first || this.#names.length < 2;
    $("stored-share").hidden = $("stored-shares").hidden = !second;
    $("stored-save").hidden = clips === 0;
    const share = Math.round(100 * Number($("stored-share").value));
    const words = text("stored.shares", { first, second, rest: 100 - share, share });
    $("stored-shares").textContent = words;
    $("stored-share").setAttribute("aria-valuetext", words);
    this.#panel.list.classList.toggle("unused", first !== "");
  }

  async #save() {
    const name = $("stored-name").value.trim();
    const clips = [...this.#panel.clips];
    const share = 0.99 * this.#bodyBytes / clips.length; // the rest is JSON around the clips
    const audio = clips.map((clip) => fittingBlob(clip, share));
    await this.#try(async () => {
      const voice = await addVoice({ name, audio, keepAudio: $("stored-keep").checked, ...connection() });
      $("stored-name").value = "";
      await this.#load();
      say($("stored-note"), "stored.saved", { name: voice.name });
    });
  }

  async #delete() {
    const name = $("stored-first").value;
    if (!confirm(text("stored.confirm", { name }))) return;
    await this.#try(async () => {
      await deleteVoice({ name, ...connection() });
      $("stored-first").value = "";
      await this.#load();
      say($("stored-note"), "stored.deleted", { name });
      $("stored-first").focus();
    });
  }

  /** Does something with the server, and tells what went wrong. */
  async #try(action) {
    $("stored-note").classList.remove("bad");
    say($("stored-note"), null);
    $("stored-store").disabled = true;
    try {
      await action();
    } catch (error) {
      if (!(error instanceof OpenVoiceError)) throw error;
      $("stored-note").classList.add("bad");
      if (error.code === "unreachable") say($("stored-note"), "problem.unreachable");
      else $("stored-note").textContent = plainly(error);
    } finally {
      $("stored-store").disabled = false;
    }
  }
}

/** Fills a select with an empty choice and names, keeps what was chosen, and returns that. */
function fill(select, names, emptyKey) {
  const chosen = names.includes(select.value) ? select.value : "";
  const options = names.map((name) => el("option", { value: name }, name));
  select.replaceChildren(say(el("option", { value: "" }), emptyKey), ...options);
  select.value = chosen;
  return chosen;
}
