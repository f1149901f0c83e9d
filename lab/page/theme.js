// Light or dark as it was chosen in the chat, before anything is painted; else as the system has it. A classic script.
(() => {
  const KEY = "vite-ui-theme"; // where Chainlit keeps the choice: "light", "dark" or "system"
  const follow = () => {
    let choice = null;
    try {
      choice = localStorage.getItem(KEY);
    } catch {
      // A browser that keeps nothing: the system's choice then.
    }
    if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
    else delete document.documentElement.dataset.theme;
  };
  follow();
  addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) follow();
  });
})();
