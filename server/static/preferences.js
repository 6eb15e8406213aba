// Runs before the first paint, so that the page appears in the visitor's language and theme at once.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function stored(name) {
    try {
      return localStorage.getItem(`openvoice.${name}`);
    } catch {
      return null; // storage may be forbidden; the choice then lasts as long as the page
    }
  }

  function store(name, value) {
    try {
      localStorage.setItem(`openvoice.${name}`, value);
    } catch {
      // see stored()
    }
  }

  function browserLanguage() {
    const known = navigator.languages.find((language) => /^(zh|en)\b/i.test(language)) ?? "en";
    return known.slice(0, 2).toLowerCase();
  }

  function setLanguage(language) {
    root.lang = language === "zh" ? "zh-CN" : "en";
    document.dispatchEvent(new Event("openvoice:language"));
  }

  function setTheme(theme) {
    root.dataset.theme = theme;
    document.dispatchEvent(new Event("openvoice:theme"));
  }

  setLanguage(stored("language") ?? browserLanguage());
  setTheme(stored("theme") ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", () => {
    if (!stored("theme")) setTheme(dark.matches ? "dark" : "light");
  });

  window.openvoicePreferences = {
    chooseLanguage(language) {
      store("language", language);
      setLanguage(language);
    },
    chooseTheme(theme) {
      store("theme", theme);
      setTheme(theme);
    },
  };
})();
