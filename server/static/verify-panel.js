// The place where a file is dropped to see whether it is marked as generated.
import { duration, el, percent, plainly, say } from "./dom.js";
import { OpenVoiceError, verify } from "./openvoice.js";
import { connection } from "./session.js";

export class VerifyPanel {
  #running = null;

  /** @param section where the panel is put; files are dropped anywhere on it */
  constructor(section) {
    this.input = el("input", { type: "file", accept: "audio/*,.flac,.ogg,.opus,.m4a,.webm", hidden: true, id: "verify-file" });
    const choose = say(el("button", { type: "button", class: "choose" }), "clip.choose");
    choose.addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      this.#read(this.input.files[0]);
      this.input.value = "";
    });
    this.result = el("div", { class: "verified", role: "status", id: "verified" });
    const words = say(el("p", {}), "verify.drop");
    section.append(el("div", { class: "drop-zone source" }, words, el("div", { class: "row" }, choose, this.input)), this.result);
    for (const name of ["dragenter", "dragover"]) section.addEventListener(name, () => section.classList.add("dropping"));
    section.addEventListener("dragleave", (event) => {
      if (!section.contains(event.relatedTarget)) section.classList.remove("dropping");
    });
    section.addEventListener("drop", (event) => {
      section.classList.remove("dropping");
      this.#read(event.dataTransfer.files[0]);
    });
  }

  /** Sends a file as it is, because re-encoding would drop its metadata; a file chosen later replaces it. */
  async #read(file) {
    if (!file) return;
    this.#running?.abort();
    const running = this.#running = new AbortController();
    this.result.replaceChildren(el("p", {}, el("b", {}, file.name)), say(el("p", { class: "hint" }), "verify.reading"));
    try {
      const found = await verify({ audio: file, signal: running.signal, ...connection() });
      this.result.replaceChildren(el("p", {}, el("b", {}, file.name)), ...lines(found));
    } catch (error) {
      if (running.signal.aborted) return;
      if (!(error instanceof OpenVoiceError)) throw error;
      const note = el("p", { class: "note bad" });
      this.result.replaceChildren(error.code === "unreachable" ? say(note, "problem.unreachable") : (note.textContent = plainly(error), note));
    }
  }
}

function lines({ watermark, metadata, seconds }) {
  const sure = { confidence: percent(watermark.confidence) };
  const found = [say(el("p", { class: `note ${watermark.present ? "warn" : ""}` }), watermark.present ? "verify.present" : "verify.absent", sure)];
  for (const part of watermark.stretches) {
    if (part.stop_seconds - part.start_seconds < seconds - 0.5) {
      found.push(say(el("p", { class: "hint" }), "verify.stretch", { start: duration(part.start_seconds), stop: duration(part.stop_seconds) }));
    }
  }
  if (metadata) found.push(say(el("p", { class: "note warn" }), "verify.label", { producer: metadata.content_producer, id: metadata.produce_id }));
  else found.push(say(el("p", { class: "note" }), "verify.no_label"));
  if (!watermark.present && !metadata) found.push(say(el("p", { class: "hint" }), "verify.caution"));
  return found;
}
