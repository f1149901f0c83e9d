// Tells the server, through a cookie, whether the window is phone-narrow: there the panel opens only when it is asked for.
(() => {
  const narrow = window.matchMedia("(max-width: 767px)");
  const setCookie = () => {
    document.cookie = `groundwork_narrow=${narrow.matches ? 1 : 0}; path=/; SameSite=Strict`;
  };
  setCookie();
  narrow.addEventListener("change", setCookie);
})();

// The switch of what is searched: it is there while the chat has files, and each choice reaches the server at once.
(() => {
  let known = "";
  window.addEventListener("message", (event) => {
    const files = event.source === window && event.data ? event.data.groundwork_files : undefined;
    if (typeof files === "number") document.documentElement.toggleAttribute("data-chat-files", files > 0);
  });
  const send = () => {
    const choice = document.getElementById("mode-picker-trigger-scope")?.textContent.trim() ?? "";
    if (choice && choice !== known && known) window.postMessage({ groundwork_scope: choice }, window.location.origin);
    known = choice || known;
  };
  for (const kind of ["click", "keyup"]) document.addEventListener(kind, () => setTimeout(send), true);
})();
