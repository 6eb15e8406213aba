// Code blocks with a copy button, in tabs where an example exists in several languages.
import { el, label, say } from "./dom.js";

let chosen = "curl";
const everyTabs = new Set();

/** A block of code with a copy button. */
export function codeBlock(code) {
  const block = label(el("pre", { tabIndex: 0, role: "region" }, el("code", {}, code)), "code.region");
  return el("div", { class: "code" }, block, navigator.clipboard ? copyButton(code) : null);
}

/** Forgets the tabs drawn so far, before all are redrawn. */
export function forgetTabs() {
  everyTabs.clear();
}

/** The same example in several languages; choosing one chooses it everywhere. */
export function codeTabs(versions) {
  if (versions.length === 1) return codeBlock(versions[0].code);
  const tabs = versions.map(({ language }) => el("button", { type: "button", role: "tab" }, language));
  const panel = el("div", { role: "tabpanel" });
  const show = (language) => {
    const at = Math.max(0, versions.findIndex((version) => version.language === language));
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === at));
      tab.tabIndex = i === at ? 0 : -1;
    });
    label(panel, "code.language_panel", { language: versions[at].language });
    panel.replaceChildren(codeBlock(versions[at].code));
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => choose(versions[i].language));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = (i + step + tabs.length) % tabs.length;
      choose(versions[next].language);
      tabs[next].focus();
    });
  });
  everyTabs.add(show);
  show(chosen);
  return el("div", { class: "tabs" }, label(el("div", { role: "tablist" }, ...tabs), "code.language"), panel);
}

function choose(language) {
  chosen = language;
  everyTabs.forEach((show) => show(language));
}

function copyButton(code) {
  const button = say(el("button", { type: "button", class: "copy" }), "code.copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code);
    say(button, "code.copied");
    setTimeout(() => say(button, "code.copy"), 1600);
  });
  return button;
}
